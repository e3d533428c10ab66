// Drives the browser: serves the page, opens it, and says what became of it. Run in a folder that has playwright-core and the package, mediaseal/.
//
// node run.mjs [--measure]

import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const { chromium } = createRequire(join(process.cwd(), 'node_modules'))('playwright-core');

const SITE = fileURLToPath(new URL('.', import.meta.url));
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const file = path.startsWith('/mediaseal/') ? join(process.cwd(), path) : join(SITE, path === '/' ? 'index.html' : path);
    const stream = createReadStream(file);
    stream.on('error', () => response.writeHead(404).end());
    stream.once('open', () => {
        response.writeHead(200, {
            'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
            'cache-control': 'no-store',
            // Pages by themselves have finer clocks.
            'cross-origin-opener-policy': 'same-origin',
            'cross-origin-embedder-policy': 'require-corp',
        });
        stream.pipe(response);
    });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--disable-features=WebRtcHideLocalIpsWithMdns'],
});
try {
    const page = await browser.newPage({ viewport: { width: 1424, height: 900 } });
    page.on('console', (message) => console.error(message.text()));
    page.on('pageerror', (error) => console.error(String(error)));
    await (process.argv.includes('--measure') ? measure(page) : test(page));
} finally {
    await browser.close();
    server.close();
}

async function test(page) {
    await page.goto(address);
    await page.waitForFunction(() => 'results' in window);
    const { exact, wrong, failed } = await page.evaluate(() => window.results);
    await page.screenshot({ path: 'page.png', fullPage: true });
    for (const failure of failed) console.error(`failed: ${failure}`);
    process.exitCode = failed.length || wrong || !exact ? 1 : 0;
    console.log(`browser: ${exact} frames bit-exact, ${wrong} wrong`);
}

async function measure(page) {
    await page.goto(`${address}#measure`);
    console.log(await page.evaluate(() => import('./measure.js').then(({ measure }) => measure())));
}
