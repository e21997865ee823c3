// Checks every state of the page with axe in a headless Chromium, light and dark. CHROMIUM names the browser.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createServer } from 'vite'

const server = await createServer({ server: { port: 0, host: '127.0.0.1' }, logLevel: 'error' })
await server.listen()
const url = `http://127.0.0.1:${server.httpServer.address().port}/states.html?axe`
let violations = 0
try {
  for (const scheme of ['light', 'dark']) {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=60000', '--window-size=1280,800', '--dump-dom', url]
    if (scheme === 'dark') flags.unshift('--blink-settings=preferredColorScheme=0')
    const { stdout } = await promisify(execFile)(process.env.CHROMIUM ?? 'chromium', flags, { timeout: 120_000, maxBuffer: 1 << 26 })
    const text = /<div id="axe">(.*?)<\/div>/s.exec(stdout)?.[1]
    if (!text) throw new Error('the page of states did not finish: ' + stdout.slice(0, 2000))
    const found = JSON.parse(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))
    for (const f of found) for (const v of f.violations) {
      violations++
      console.log(`${scheme} ${f.state}: ${v.rule}: ${v.help}\n    ${v.where.join('\n    ')}`)
    }
    console.log(`${scheme}: ${found.length} states looked at`)
  }
} finally {
  await server.close()
}
process.exitCode = violations > 0 ? 1 : 0
