// Usage: node posthog.mjs URL KEY. posthog-node, told one host.
import { PostHog } from 'posthog-node'

const [host, key] = process.argv.slice(2)
const posthog = new PostHog(key, { host, flushAt: 20, flushInterval: 200, fetchRetryCount: 5, fetchRetryDelay: 300 })
const errors = []
posthog.on('error', (error) => errors.push(String(error)))

for (let number = 0; number < 30; number++) {
  posthog.capture({ distinctId: `u${number % 3}`, event: 'viewed', properties: { number } })
}
posthog.identify({ distinctId: 'u1', properties: { city: 'Shanghai' } })
posthog.capture({ distinctId: 'u1', event: '$pageview', properties: { $current_url: 'https://shop.example/' } })
posthog.groupIdentify({ groupType: 'company', groupKey: 'c1', properties: { plan: 'pro' } })
posthog.alias({ distinctId: 'u1', alias: 'a-1' })
const flag = await posthog.isFeatureEnabled('no-such-flag', 'u1', { sendFeatureFlagEvents: false })
await posthog.shutdown(20_000)
console.log(JSON.stringify({ calls: 34, flag: flag ?? null, errors }))
