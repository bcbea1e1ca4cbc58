// Usage: node umami.mjs URL WEBSITE. @umami/node, told one host.
import { Umami } from '@umami/node'

const [hostUrl, websiteId] = process.argv.slice(2)
const umami = new Umami({ hostUrl, websiteId })
const statuses = []

for (let number = 0; number < 10; number++) {
  statuses.push((await umami.track({ name: 'viewed', id: `u${number % 3}`, data: { number } })).status)
}
statuses.push((await umami.track({ url: '/shoes', title: 'Shoes', hostname: 'shop.example', id: 'u1' })).status)
statuses.push((await umami.track('opened', { number: 10 })).status)
statuses.push((await umami.identify({ city: 'Shanghai' })).status)
console.log(JSON.stringify({ calls: 13, errors: statuses.filter((status) => status !== 200) }))
