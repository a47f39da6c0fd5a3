/** docs/cluster.md as a reader follows it: the file is written, the commands are run one after the other, and the owner is killed. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../servers/free-port.ts';
import { describeWithNats, NATS_PROGRAM } from '../servers/nats.ts';
import { PageTerminal, type Ran } from './page-terminal.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/cluster.md'), 'utf8');
const PATIENCE_MS = 30_000;

interface Block {
  readonly language: string;
  /** `file=NAME`, or what the reader waits for behind it. */
  readonly what: string;
  readonly text: string;
}

describeWithNats('docs/cluster.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leveret-cluster-page-'));
  const ports = new Map<string, string>();
  let terminal: PageTerminal;

  beforeAll(async () => {
    for (const port of PAGE.match(/\b(?:[468]22[123]|(?:1|2)?567[234])\b/g) ?? []) {
      if (!ports.has(port)) ports.set(port, String(await freePort()));
    }
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(NATS_PROGRAM, join(bin, 'nats-server'));
    const leveret = join(bin, 'leveret');
    writeFileSync(leveret, `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'dist/cli/main.js')} "$@"\n`);
    chmodSync(leveret, 0o755);
    mkdirSync(join(folder, 'try'));
    terminal = new PageTerminal(join(folder, 'try'), { PATH: `${bin}:${process.env['PATH']}` });
  });

  afterAll(async () => {
    await terminal.close();
    rmSync(folder, { recursive: true });
  });

  test('what it says works, word for word', { timeout: 240_000 }, async () => {
    expect(ports.size).toBe(18);
    const blocks = blocksOf(PAGE);
    expect(blocks.filter(({ language }) => language === 'sh')).toHaveLength(7);
    for (const block of blocks) await follow(block);
  });

  async function follow({ language, what, text }: Block): Promise<void> {
    const moved = onFreePorts(text);
    if (what.startsWith('file=')) writeFileSync(join(folder, 'try', what.slice('file='.length)), moved);
    else if (language === 'sh') {
      for (const line of moved.trim().split('\n')) await run(line, what === 'taken-over');
      await AFTERWARDS.get(what)?.();
    }
  }

  async function run(line: string, isPatient: boolean): Promise<void> {
    const ran = await (isPatient ? untilItSucceeds(line) : terminal.run(line));
    expect([line, ran.code, ran.output, logs(ran.code)]).toEqual([line, 0, ran.output, '']);
    const shown = SHOWN.find(([command]) => line.startsWith(command))?.[1];
    if (shown !== undefined) expect(ran.output).toMatch(shown);
  }

  /** As somebody does who was told that it takes some seconds. */
  async function untilItSucceeds(line: string): Promise<Ran> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const ran = await terminal.run(line);
      if (ran.code === 0 || Date.now() > untilMs) return ran;
      await pause(200);
    }
  }

  /** Of the processes in the background, when something went wrong. */
  function logs(code: number): string {
    if (code === 0) return '';
    const files = readdirSync(join(folder, 'try')).filter((file) => file.endsWith('.log'));
    return files
      .map((file) => `--- ${file}\n${readFileSync(join(folder, 'try', file), 'utf8').slice(-3_000)}`)
      .join('\n');
  }

  function onFreePorts(text: string): string {
    return text.replaceAll(/\b\d{4,5}\b/g, (port) => ports.get(port) ?? port);
  }

  /** What the reader sees to before going on. */
  const AFTERWARDS = new Map<string, () => Promise<void>>([
    ['servers', () => answers(['8221', '8222', '8223'], '/healthz')],
    ['first-node', () => answers(['15672'], '/v1/health/owner')],
    ['other-nodes', () => answers(['15673', '15674'], '/v1/health/ready')],
  ]);

  async function answers(of: readonly string[], path: string): Promise<void> {
    for (const port of of) {
      const url = `http://127.0.0.1:${ports.get(port)}${path}`;
      await expect
        .poll(() => statusOf(url), { timeout: PATIENCE_MS, message: `${url}\n${logs(1)}` })
        .toBe(200);
    }
  }
});

/** What the output of a command has. */
const SHOWN: readonly (readonly [command: string, output: RegExp])[] = [
  ['leveret cluster init', /LEVERET_leveret_main/],
  ['leveret publish', /orders/],
  ['leveret get', /still there/],
];

async function statusOf(url: string): Promise<number> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).status;
  } catch {
    return 0;
  }
}

function blocksOf(page: string): Block[] {
  const found = page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms);
  return [...found].map(([, language = '', what = '', text = '']) => ({ language, what, text }));
}
