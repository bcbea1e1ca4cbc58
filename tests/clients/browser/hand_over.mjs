// Usage: node hand_over.mjs COLLECTOR-PORT PAGES-PORT KEY. One headless Chromium, two hosts of one shop, each with a collector's host below it.
// A visitor comes, comes back when the browser has forgotten what scripts stored, and goes on to the other host; then others do what does
// not bring him along. Prints what the pages and the browser's cookies say.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const [collector, port, key] = process.argv.slice(2)
const here = dirname(fileURLToPath(import.meta.url))
const html = await readFile(join(here, 'hand_over.html'))
const pages = createServer((request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html))
await new Promise((listening) => pages.listen(Number(port), '127.0.0.1', listening))

const browser = await chromium.launch({
  executablePath: process.env.EBBTIDE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP *.localhost 127.0.0.1'],
})
const address = (host, story, id, more = '') => `http://${host}.localhost:${port}/?port=${collector}&key=${key}&story=${story}&id=${id}${more}`
const open = async (context, url) => {
  const page = await context.newPage()
  await page.goto(url)
  const said = await page.waitForFunction(() => window.told, undefined, { timeout: 20_000 }).then((told) => told.jsonValue())
  const cookies = (await context.cookies()).map(({ name, value, domain, expires, httpOnly, secure, sameSite }) => ({ name, value, domain, expires, httpOnly, secure, sameSite }))
  return { page, told: { ...said, cookies } }
}
const forget = (page) => page.evaluate(() => localStorage.clear())

const told = {}
const visitor = await browser.newContext()
const first = await open(visitor, address('shop', 'first', 'anon-a-9'))
told.first = first.told
await forget(first.page)
await new Promise((later) => setTimeout(later, 1500))
const again = await open(visitor, address('shop', 'again', 'anon-a-10'))
told.again = again.told
const link = await again.page.evaluate((there) => window.leadTo(there), address('blog', 'there', 'anon-b-1'))
const there = await open(visitor, link)
told.there = there.told
await forget(there.page)
told.later = (await open(visitor, address('blog', 'later', 'anon-b-2'))).told

const stranger = await browser.newContext({ userAgent: 'Mozilla/5.0 (of somebody to whom the address was sent)' })
told.sent = (await open(stranger, link.replace('story=there', 'story=sent').replace('anon-b-1', 'anon-s-1'))).told
const private_ = await browser.newContext()
told.cookieless = (await open(private_, address('shop', 'cookieless', 'anon-p-1', '&cookieless=1'))).told
console.log(JSON.stringify(told))
await browser.close()
pages.close()
