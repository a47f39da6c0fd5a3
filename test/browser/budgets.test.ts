import type { CDPSession } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { cpuSeconds, hasProc } from '../../bench/process-cpu.ts';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, type Look } from './dashboard-under-test.ts';
import { BUSY_QUEUE } from './scene.ts';

const TRANSFER_BYTES_MAX = 250_000;
const PAINT_MS_MAX = 1000;
/** The machine may be busy with something else: the best of so many counts. */
const PAINTS = 3;
const BROKER_SHARE_MAX = 0.01;
const BROWSER_SHARE_MAX = 0.1;
const OBSERVED_MS = 20_000;
const WARM_UP_UPDATES = 400;
/** An hour of them. */
const UPDATES = 3600;
/** Of 3600 updates: what a leak of one object per update would be is ten times as much. */
const HEAP_GROWTH_BYTES_MAX = 1_000_000;
const NODE_GROWTH_MAX = 500;

const LIVE_PAGES = [
  ['overview', '#/'],
  ['queue', `#/queues/%2F/${BUSY_QUEUE}`],
] as const;

describeWith(CHROMIUM, 'the budgets', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start();
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function inspect(look: Look): Promise<CDPSession> {
    return look.context.newCDPSession(look.page);
  }

  test(`up to the overview no more than ${TRANSFER_BYTES_MAX} bytes come over the line`, async () => {
    const look = await dashboard.look({ address: '#/audit' });
    const cdp = await inspect(look);
    await cdp.send('Network.enable');
    await cdp.send('Network.clearBrowserCache');
    const files = new Map<string, string>();
    let bytes = 0;
    cdp.on('Network.responseReceived', ({ requestId, response, type }) => {
      if (['Document', 'Script', 'Stylesheet'].includes(type)) files.set(requestId, response.url);
    });
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (files.has(requestId)) bytes += encodedDataLength;
    });
    await look.go('#/');
    expect(files.size).toBeGreaterThan(2);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(TRANSFER_BYTES_MAX);
  });

  test(`the overview is there in ${PAINT_MS_MAX} ms`, async () => {
    const times: number[] = [];
    for (let i = 0; i < PAINTS; i++) {
      const look = await dashboard.look({ address: '#/audit' });
      await look.page.goto('about:blank');
      await look.page.goto(`${look.url}/#/`, { waitUntil: 'commit' });
      times.push(await look.until<number>(SHOWN_AT));
    }
    expect(Math.min(...times)).toBeLessThan(PAINT_MS_MAX);
  });

  test.runIf(hasProc())(
    'an open page with live charts costs the broker and the browser next to nothing',
    { timeout: 4 * OBSERVED_MS + 60_000 },
    async () => {
      const alone = await costs();
      for (const [name, address] of LIVE_PAGES) {
        const look = await dashboard.look({ address });
        await look.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
        const open = await costs();
        expect(open.broker - alone.broker, `share of the broker, ${name}`).toBeLessThan(BROKER_SHARE_MAX);
        expect(open.browser, `share of the browser, ${name}`).toBeLessThan(BROWSER_SHARE_MAX);
        expect(await dashboard.closeLooks()).toEqual([]);
      }
    },
  );

  /** Shares of one processor. This is the one place that lets time pass: it is what is measured. */
  async function costs(): Promise<{ readonly broker: number; readonly browser: number }> {
    const before = await usedSeconds();
    await new Promise((resolve) => setTimeout(resolve, OBSERVED_MS));
    const after = await usedSeconds();
    const seconds = OBSERVED_MS / 1000;
    return {
      broker: (after.broker - before.broker) / seconds,
      browser: (after.browser - before.browser) / seconds,
    };
  }

  async function usedSeconds(): Promise<{ readonly broker: number; readonly browser: number }> {
    const cdp = await dashboard.browser.newBrowserCDPSession();
    const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
    await cdp.detach();
    return {
      broker: cpuSeconds(dashboard.server.pid) ?? 0,
      browser: processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    };
  }

  test.each(LIVE_PAGES)(
    `${UPDATES} updates of the page %s leave nothing behind in the memory of the browser`,
    { timeout: 120_000 },
    async (_name, address) => {
      const look = await dashboard.look({ address: '#/audit' });
      await look.page.addInitScript(SIMULATED_STREAM);
      await look.go(address);
      const cdp = await inspect(look);
      await look.until('window.simulatedStream?.answers.length > 0');
      await look.page.evaluate(`window.simulatedStream.run(${WARM_UP_UPDATES})`);
      const before = await memoryOf(cdp);
      await look.page.evaluate(`window.simulatedStream.run(${UPDATES})`);
      const after = await memoryOf(cdp);
      expect(after.bytes - before.bytes).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
      expect(after.nodes - before.nodes).toBeLessThan(NODE_GROWTH_MAX);
    },
  );
});

const SHOWN_AT = `document.querySelector('main h1') !== null && document.querySelector('main svg, main canvas, main table, main dl') !== null && performance.now()`;

async function memoryOf(cdp: CDPSession): Promise<{ readonly bytes: number; readonly nodes: number }> {
  // what only finalizers held is free after the second time
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { nodes } = await cdp.send('Memory.getDOMCounters');
  return { bytes: usedSize, nodes };
}

/**
 * In the place of the stream of the broker one that tells as many updates as are asked for: the real answers, with each
 * number another one.
 */
const SIMULATED_STREAM = `(() => {
  class SimulatedStream extends EventTarget {
    static OPEN = 1;
    readyState = 1;
    answers = [];
    constructor(url) {
      super();
      window.simulatedStream = this;
      queueMicrotask(() => this.dispatchEvent(new Event('open')));
      const paths = new URL(url, location.href).searchParams.getAll('path');
      Promise.all(paths.map(async (path) => {
        const response = await fetch(path);
        return { path, status: response.status, body: await response.json() };
      })).then((answers) => { this.answers = answers.filter(({ status }) => status === 200); });
    }
    close() { this.readyState = 2; }
    async run(updates) {
      for (let i = 1; i <= updates; i++) {
        for (const { path, status, body } of this.answers) {
          const data = JSON.stringify({ path, status, body: changed(body, i) });
          this.dispatchEvent(new MessageEvent('answer', { data }));
        }
        // drawing each of them would take minutes
        if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    }
  }
  function changed(value, i) {
    if (typeof value === 'number') return value + (i % 10);
    if (Array.isArray(value)) return value.map((each) => changed(each, i));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, changed(each, i)]));
  }
  window.EventSource = SimulatedStream;
})()`;
