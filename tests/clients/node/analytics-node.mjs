// Usage: node analytics-node.mjs URL KEY. analytics-node, Segment's client for Node before its present one, told one host.
import Analytics from 'analytics-node'

const [host, key] = process.argv.slice(2)
const errors = []
const analytics = new Analytics(key, { host, flushAt: 20, flushInterval: 200, retryCount: 5, errorHandler: (error) => errors.push(String(error.code)) })

for (let number = 0; number < 30; number++) {
  analytics.track({ userId: `u${number % 3}`, event: 'viewed', properties: { number } })
}
analytics.identify({ userId: 'u1', traits: { city: 'Shanghai' } })
analytics.page({ userId: 'u1', category: 'Docs', name: 'Home', properties: { url: 'https://shop.example/' } })
analytics.screen({ anonymousId: 'a-1', name: 'Start' })
analytics.group({ userId: 'u1', groupId: 'g-1', traits: { plan: 'pro' } })
analytics.alias({ userId: 'u1', previousId: 'a-1' })
await analytics.flush()
await new Promise((sent) => setTimeout(sent, 3_000)) // of what is under way already it tells nobody
console.log(JSON.stringify({ calls: 35, errors }))
