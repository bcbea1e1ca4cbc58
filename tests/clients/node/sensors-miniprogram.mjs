// Usage: node sensors-miniprogram.mjs URL KEY. The mini-program's client of Sensors, told one address, in a stand-in for WeChat.
import { hide, launch, open, tap } from './wx.mjs'
import { createRequire } from 'node:module'

const [url, key] = process.argv.slice(2)
const sensors = createRequire(import.meta.url)('sa-sdk-miniprogram')
const autoTrack = { appLaunch: true, appShow: true, appHide: true, pageShow: true, pageShare: true, mpClick: true }
sensors.setPara({ name: 'sensors', server_url: `${url}/sa?project=default&token=${key}`, autoTrack, show_log: false })
App({ onLaunch() {}, onShow() {}, onHide() {} })
Page({ onLoad() {}, onShow() {}, onHide() {}, buy() {}, onShareAppMessage: () => ({ title: 'Shoes', path: 'pages/index' }) })

sensors.setOpenid('oP')
sensors.init()
launch()
const page = open('pages/index')
for (let number = 0; number < 10; number++) sensors.track('viewed', { number })
sensors.setProfile({ city: 'Shanghai' })
sensors.incrementProfile({ visits: 1 })
page.buy(tap('buy', 'Buy'))
page.onShareAppMessage({ from: 'button', target: {} })
sensors.login('u1')
sensors.track('viewed', { number: 10 })
hide()
console.log(JSON.stringify({ calls: 14, errors: [] }))
for await (const _ of process.stdin) { /* until it is closed: the client sends once a second */ }
process.exit(0)
