// Usage: node snowplow.mjs URL APP_ID. @snowplow/node-tracker, told one endpoint.
import { buildEcommerceTransaction, buildEcommerceTransactionItem, buildPageView, buildSelfDescribingEvent, buildStructEvent, newTracker } from '@snowplow/node-tracker'

const [endpoint, appId] = process.argv.slice(2)
const errors = []
const tracker = newTracker(
  { namespace: 'shop', appId, encodeBase64: true },
  { endpoint, eventMethod: 'post', bufferSize: 10, onRequestFailure: ({ willRetry, message }) => willRetry || errors.push(message) },
)
const product = { schema: 'iglu:com.example/product/jsonschema/1-0-0', data: { sku: 's1' } }
tracker.setDomainUserId('d-1')
for (let number = 0; number < 30; number++) {
  tracker.setUserId(`u${number % 3}`)
  tracker.track(buildSelfDescribingEvent({ event: { schema: 'iglu:com.example/viewed/jsonschema/1-0-0', data: { number } } }), [product])
}
tracker.setUserId('u1')
tracker.track(buildPageView({ pageUrl: 'https://shop.example/', pageTitle: 'Home' }))
tracker.track(buildStructEvent({ category: 'shop', action: 'bought', value: 129.5 }))
tracker.track(buildEcommerceTransaction({ orderId: 'o-1', total: 20, currency: 'CNY' }))
tracker.track(buildEcommerceTransactionItem({ orderId: 'o-1', sku: 's1', price: 10, quantity: 2 }))
tracker.flush()
// What fails stays in the tracker until the next flush, which a server that goes on tracking does by itself.
setInterval(() => tracker.flush(), 300)
console.log(JSON.stringify({ calls: 34, errors }))
for await (const _ of process.stdin) { /* until it is closed */ }
process.exit(errors.length)
