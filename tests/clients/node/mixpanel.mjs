// Usage: node mixpanel.mjs URL KEY. mixpanel, told one host. Who hears that it failed does it again, as its callback invites.
import Mixpanel from 'mixpanel'

const [url, key] = process.argv.slice(2)
const { hostname, port } = new URL(url)
const mixpanel = Mixpanel.init(key, { protocol: 'http', host: hostname, port, verbose: false, key: 'needed-by-import' })
const errors = []

async function done(call) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const wrong = await new Promise((resolve) => call((error) => resolve([error].flat().filter(Boolean))))
    if (!wrong.length) return
    errors.push(...wrong.map(String))
  }
}

const batch = []
for (let number = 0; number < 30; number++) {
  batch.push({ event: 'viewed', properties: { number, distinct_id: `u${number % 3}`, time: new Date(), $insert_id: `n-${number}` } })
}
await done((heard) => mixpanel.track_batch(batch, heard))
await done((heard) => mixpanel.track('opened', { number: 30, distinct_id: 'u1', time: new Date() }, heard))
await done((heard) => mixpanel.import_batch([{ event: 'opened', properties: { number: 31, distinct_id: 'u1', time: Date.now() - 30_000 } }], heard))
await done((heard) => mixpanel.people.set('u1', { city: 'Shanghai', $email: 'ann@shop.example' }, heard))
await done((heard) => mixpanel.groups.set('company', 'c1', { plan: 'pro' }, heard))
await done((heard) => mixpanel.alias('u1', 'a-1', heard))
console.log(JSON.stringify({ calls: 35, errors }))
process.exit(0) // its connections would keep the process up
