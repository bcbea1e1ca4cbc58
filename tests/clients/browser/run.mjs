// Usage: node run.mjs URL KEY DOMAIN [PAGE...]. One headless Chromium with a page for each client of browsers, all leading to URL.
// Prints what the pages say, leaves them when it is given a line, and stays until its input is closed: requests that a page sends
// as it is left are the browser's to finish.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const [url, key, domain, ...asked] = process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pages = asked.length ? asked : ['segment', 'posthog', 'rudderstack']
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' }

const shop = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, 'http://shop').pathname)
  const type = types[path.slice(path.lastIndexOf('.'))]
  try {
    const body = await readFile(join(root, path))
    response.writeHead(200, { 'content-type': type ?? 'text/plain' }).end(body)
  } catch {
    response.writeHead(404).end()
  }
})
await new Promise((listening) => shop.listen(0, '127.0.0.1', listening))
const origin = `http://127.0.0.1:${shop.address().port}`

// PostHog's client takes a browser that says it is driven by a program for a robot, and sends nothing.
const browser = await chromium.launch({
  executablePath: process.env.EBBTIDE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-blink-features=AutomationControlled'],
})
const visit = async (name) => {
  const context = await browser.newContext({ locale: 'zh-CN', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/150 shop-test' })
  await context.addInitScript({ path: join(root, 'slow_clock.mjs') })
  const page = await context.newPage()
  const wrong = []
  page.on('pageerror', (error) => wrong.push(String(error)))
  await page.goto(`${origin}/browser/${name}.html?url=${encodeURIComponent(url)}&key=${key}&domain=${domain}&utm_source=mail`)
  const calls = await page.waitForFunction(() => window.told, undefined, { timeout: 20_000 }).then((told) => told.jsonValue())
  return { page, said: { ...calls, wrong } }
}
const leave = async ({ page }) => {
  await page.click('#buy')
  await page.evaluate(() => window.last?.())
  await page.close({ runBeforeUnload: true })
}
const visits = await Promise.all(pages.map(visit))
console.log(JSON.stringify(Object.fromEntries(pages.map((name, at) => [name, visits[at].said]))))
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
await lines.next()
await Promise.all(visits.map(leave))
while (!(await lines.next()).done) { /* until it is closed */ }
await browser.close()
shop.close()
