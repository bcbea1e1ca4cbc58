// Usage: node segment.mjs URL KEY. @segment/analytics-node, told one host.
import { Analytics } from '@segment/analytics-node'

const [url, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host: url, writeKey, flushAt: 20, flushInterval: 200, maxRetries: 5 })
const errors = []
analytics.on('error', (error) => errors.push(String(error.code)))

for (let number = 0; number < 30; number++) {
  analytics.track({ userId: `u${number % 3}`, event: 'viewed', properties: { number } })
}
analytics.identify({ userId: 'u1', traits: { city: 'Shanghai' } })
analytics.page({ userId: 'u1', category: 'Docs', name: 'Home', properties: { url: 'https://shop.example/' } })
analytics.screen({ anonymousId: 'a-1', name: 'Start' })
analytics.group({ userId: 'u1', groupId: 'g-1', traits: { plan: 'pro' } })
analytics.alias({ userId: 'u1', previousId: 'a-1' })
await analytics.closeAndFlush({ timeout: 20_000 })
console.log(JSON.stringify({ calls: 35, errors }))
