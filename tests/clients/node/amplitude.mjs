// Usage: node amplitude.mjs URL KEY. @amplitude/analytics-node, told one address.
import amplitude from '@amplitude/analytics-node'

const [url, key] = process.argv.slice(2)
const client = amplitude.createInstance()
await client.init(key, { serverUrl: `${url}/batch`, flushQueueSize: 20, flushIntervalMillis: 200, logLevel: 0 }).promise
const sent = []

for (let number = 0; number < 30; number++) {
  sent.push(client.track('viewed', { number }, { user_id: `u${number % 3}`, device_id: `d${number % 3}` }).promise)
}
sent.push(client.identify(new amplitude.Identify().set('city', 'Shanghai').setOnce('first', 1), { user_id: 'u1' }).promise)
sent.push(client.groupIdentify('company', 'c1', new amplitude.Identify().set('plan', 'pro')).promise)
sent.push(client.revenue(new amplitude.Revenue().setProductId('p1').setPrice(3).setQuantity(2), { user_id: 'u1' }).promise)
const heard = await Promise.all(sent)
console.log(JSON.stringify({ calls: 33, errors: heard.filter((each) => each.code !== 200).map((each) => each.message) }))
