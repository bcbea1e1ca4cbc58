// Usage: node cloudevents.mjs URL KEY. cloudevents, told one address. It sends what fails again itself, as the package leaves it to its user.
import { CloudEvent, Mode, emitterFor, httpTransport } from 'cloudevents'

const [url, key] = process.argv.slice(2)
const emitters = [Mode.BINARY, Mode.STRUCTURED].map((mode) => emitterFor(httpTransport(`${url}/cloudevents?writeKey=${key}`), { mode }))
const errors = []

for (let number = 0; number < 10; number++) {
  const event = new CloudEvent({ source: '/shop', type: 'viewed', subject: `u${number % 3}`, data: { number, name: '名' } })
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await emitters[number % 2](event)
      break
    } catch (error) {
      errors.push(String(error))
    }
  }
}
console.log(JSON.stringify({ calls: 10, errors }))
process.exit(0) // its connections would keep the process up
