// Usage: node rudderstack.mjs URL KEY. @rudderstack/rudder-sdk-node, told one data plane.
import RudderAnalytics from '@rudderstack/rudder-sdk-node'

const [url, writeKey] = process.argv.slice(2)
const Analytics = RudderAnalytics.default ?? RudderAnalytics
const analytics = new Analytics(writeKey, { dataPlaneUrl: url, flushAt: 20, flushInterval: 200 })

const errors = []
const calls = []
const call = (kind, message) =>
  calls.push(new Promise((done) => analytics[kind](message, (error) => done(error && errors.push(String(error))))))

for (let number = 0; number < 30; number++) {
  call('track', { userId: `u${number % 3}`, event: 'viewed', properties: { number } })
}
call('identify', { userId: 'u1', traits: { city: 'Shanghai' } })
call('page', { userId: 'u1', category: 'Docs', name: 'Home', properties: { url: 'https://shop.example/' } })
call('screen', { anonymousId: 'a-1', name: 'Start' })
call('group', { userId: 'u1', groupId: 'g-1', traits: { plan: 'pro' } })
call('alias', { userId: 'u1', previousId: 'a-1' })
await Promise.all(calls)
console.log(JSON.stringify({ calls: calls.length, errors }))
process.exit(0) // its timer would keep the process up
