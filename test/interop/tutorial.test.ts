/** docs/tutorial.md as a reader follows it: each command is run, each file written, with the packed package in an empty folder. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { StartedProcess } from '../servers/child-process.ts';
import { freePort } from '../servers/free-port.ts';
import { asFromShell } from './process-walls.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/tutorial.md'), 'utf8');
const TIMEOUT_MS = 600_000;
const COMMAND_MS = 120_000;

interface Block {
  readonly language: string;
  /** `first-terminal`, or `file=path`; empty otherwise. */
  readonly what: string;
  readonly text: string;
}

/** A reader with two terminals. */
class Reader {
  readonly #packed: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #clientEnvironment: Readonly<Record<string, string>>;
  #cwd: string;
  #first: StartedProcess | undefined;
  /** What runs in the first terminal. */
  #command = '';

  constructor(folder: string, packed: string, amqpPort: number, httpPort: number) {
    this.#cwd = folder;
    this.#packed = packed;
    this.#environment = { LEVERET_AMQP_PORT: String(amqpPort), LEVERET_HTTP_PORT: String(httpPort) };
    this.#clientEnvironment = {
      BROKER_URL: `amqp://127.0.0.1:${amqpPort}`,
      LEVERET_URL: `http://127.0.0.1:${httpPort}`,
    };
  }

  async follow({ language, what, text }: Block): Promise<void> {
    if (what.startsWith('file=')) await this.#write(what.slice('file='.length), text);
    else if (what === 'first-terminal') await this.#runFirst(text.trim());
    else if (language === 'sh') for (const line of text.trim().split('\n')) await this.#run(line);
  }

  async stop(): Promise<void> {
    await this.#first?.stop();
  }

  /** What the services make of it is seen in the first terminal. */
  async #write(path: string, text: string): Promise<void> {
    const from = this.#first?.lines.length ?? 0;
    mkdirSync(dirname(join(this.#cwd, path)), { recursive: true });
    writeFileSync(join(this.#cwd, path), text);
    if (this.#command === 'npm run dev')
      await this.#first?.line('ready after', { from, timeoutMs: COMMAND_MS });
  }

  async #runFirst(command: string): Promise<void> {
    const exit = await this.#first?.stop(COMMAND_MS);
    if (exit !== undefined) expect(exit.signal, this.#first?.output).toBeNull();
    this.#command = command;
    const [program = '', ...args] = asFromShell(command.split(' '));
    this.#first = new StartedProcess(program, args, { cwd: this.#cwd, environment: this.#environment });
    const isUp =
      command === 'npm run dev' ? [/ready after/] : [/^orders\.1 .*\| ready/, /^mails\.1 .*\| ready/];
    for (const line of isUp) await this.#first.line(line, { timeoutMs: COMMAND_MS });
  }

  async #run(command: string): Promise<void> {
    if (command.startsWith('cd ')) {
      this.#cwd = join(this.#cwd, command.slice('cd '.length));
      return;
    }
    // what is not on the registry yet
    if (command === 'npm install')
      await this.#output(`npm pkg set dependencies.leveret=file:${this.#packed}`);
    const from = this.#first?.lines.length ?? 0;
    const output = await this.#output(command);
    if (command === 'npm run order' || command.startsWith('npm run order ')) {
      const count = command.split(' ')[3] ?? '1';
      expect(output).toContain(`${count} of ${count} orders accepted`);
    }
    if (command === 'npm run report') await this.#untilEven();
    if (command === 'npm run order 250')
      await this.#first?.line('ended by SIGKILL', { from, timeoutMs: COMMAND_MS });
    if (command === 'npm run order 1500')
      await this.#first?.line(/mails: 1 -> \d instances/, { timeoutMs: COMMAND_MS });
  }

  /** As often as a reader asks. */
  async #untilEven(): Promise<void> {
    await expect
      .poll(() => this.#output('npm run report'), { timeout: COMMAND_MS, interval: 1_000 })
      .toMatch(/^([1-9]\d*) orders, \1 mails$/m);
  }

  #output(command: string): Promise<string> {
    const [program = '', ...args] = asFromShell(command.split(' '));
    const environment = { ...this.#clientEnvironment, npm_config_prefer_offline: 'true' };
    return new StartedProcess(program, args, { cwd: this.#cwd, environment }).succeeded(COMMAND_MS);
  }
}

function blocksOf(page: string): Block[] {
  const found = page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms);
  return [...found].map(([, language = '', what = '', text = '']) => ({ language, what, text }));
}

const folder = mkdtempSync(join(tmpdir(), 'leveret-tutorial-'));
let packed = '';
let reader: Reader | undefined;

beforeAll(async () => {
  await new StartedProcess('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  }).succeeded(COMMAND_MS);
  packed = join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '');
  // npx finds it here, as it would find it on the registry
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await new StartedProcess('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', packed], {
    cwd: folder,
  }).succeeded(COMMAND_MS);
}, 2 * COMMAND_MS);

// before another attempt, too
afterEach(async () => {
  await reader?.stop();
  reader = undefined;
}, COMMAND_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the tutorial works, word for word', { timeout: TIMEOUT_MS }, async () => {
  const blocks = blocksOf(PAGE);
  expect(blocks.filter(({ language }) => language === 'sh').length).toBeGreaterThan(8);
  const empty = mkdtempSync(join(folder, 'reader-'));
  reader = new Reader(empty, packed, await freePort(), await freePort());
  for (const block of blocks) await reader.follow(block);
});

test('code that the tutorial quotes is that of the project', () => {
  const quoted = blocksOf(PAGE).filter(({ language, what }) => language === 'ts' && what === '');
  expect(quoted.length).toBe(1);
  const orders = readFileSync(join(ROOT, 'templates/project/src/orders/orders.ts'), 'utf8');
  for (const { text } of quoted) expect(orders).toContain(text);
});
