// Usage: node matomo.mjs URL SITE. matomo-tracker, told one address.
import MatomoTracker from 'matomo-tracker'

const [address, site] = process.argv.slice(2)
const errors = []
const matomo = new MatomoTracker(site, `${address}/matomo.php`)
matomo.on('error', (error) => errors.push(String(error)))
const url = 'https://shop.example/shoes'
for (let number = 0; number < 10; number++) matomo.track({ url, e_c: 'shop', e_a: 'viewed', dimension1: number, uid: `u${number % 3}` })
matomo.track({ url, action_name: 'Shoes', uid: 'u1', _id: '0123456789abcdef' })
matomo.track({ url })
const said = await new Promise((told) => {
  const events = Array.from({ length: 20 }, (_, number) => ({ url, e_c: 'shop', e_a: 'viewed', dimension1: 10 + number, uid: `u${number % 3}` }))
  const order = { url, idgoal: 0, ec_id: 'o-1', revenue: 259, ec_items: JSON.stringify([['s1', 'Shoes', 'sale', 129.5, 2]]), uid: 'u1' }
  matomo.trackBulk([...events, order], told)
})
console.log(JSON.stringify({ calls: 33, errors, bulk: JSON.parse(said) }))
for await (const _ of process.stdin) { /* until it is closed: single requests tell nobody when they are done */ }
process.exit(errors.length)
