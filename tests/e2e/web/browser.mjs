// Drives headless Chromium over its debugging pipe: no package is needed for it, only `chromium` and `node` of the system.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kDeadlineMs = 20000;
const kLookMs = 50;

export async function openBrowser(program = process.env.PAWL_CHROMIUM || 'chromium') {
  const profile = mkdtempSync(join(tmpdir(), 'pawl-web-'));
  const child = spawn(program, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
    '--disable-dev-shm-usage', '--no-first-run', `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'],
  { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  const problems = [];
  let next = 0;
  let buffer = '';
  child.stdio[4].setEncoding('utf8');
  child.stdio[4].on('data', (text) => {
    buffer += text;
    let end;
    while ((end = buffer.indexOf('\0')) >= 0) {
      const message = JSON.parse(buffer.slice(0, end));
      buffer = buffer.slice(end + 1);
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else if (message.method === 'Runtime.exceptionThrown') problems.push(message.params.exceptionDetails.exception?.description);
      else if (message.method === 'Log.entryAdded' && /Content Security Policy/.test(message.params.entry.text)) problems.push(message.params.entry.text);
    }
  });
  const send = (method, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
    const id = ++next;
    const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), kDeadlineMs);
    waiting.set(id, (message) => {
      clearTimeout(timer);
      waiting.delete(id);
      message.error ? reject(new Error(`${method}: ${message.error.message}`)) : resolve(message.result);
    });
    child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  });
  const { targetInfos } = await send('Target.getTargets');
  const { targetId } = targetInfos.find((one) => one.type === 'page');
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page(`${domain}.enable`);

  const run = async (expression) => {
    const { result, exceptionDetails } = await page('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
    return result.value;
  };
  return {
    problems,
    run,
    goto: (url) => page('Page.navigate', { url }),
    size: (width, height) => page('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 }),
    dark: (on) => page('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: on ? 'dark' : 'light' }] }),
    /** Waits until `expression` is true in the page; throws with `what` and the page's text. */
    async until(what, expression) {
      const end = Date.now() + kDeadlineMs;
      while (Date.now() < end) {
        if (await run(expression).catch(() => false)) return;
        await new Promise((resume) => setTimeout(resume, kLookMs));
      }
      throw new Error(`${what}: not within ${kDeadlineMs} ms. The page says:\n${await run('document.body.innerText')}`);
    },
    async screenshot(file) {
      const { data } = await page('Page.captureScreenshot', { format: 'png' });
      writeFileSync(file, Buffer.from(data, 'base64'));
    },
    async close() {
      await send('Browser.close').catch(() => child.kill());
      await new Promise((resume) => child.once('exit', resume));
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
