/**
 * The dashboard as a browser sees it: the built broker in a process of its own, Debian's Chromium, and a record of
 * everything that a page must not do.
 */
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
  type Request,
} from 'playwright-core';
import { type DebianClient, systemProgram } from '../interop/debian.ts';
import { type LeveretServer, startLeveret } from '../servers/leveret.ts';
import { BrokerApi } from './broker-api.ts';
import { Scene } from './scene.ts';

export const CHROMIUM: DebianClient = systemProgram('chromium');

export type Theme = 'light' | 'dark';
export type Language = 'en-US' | 'zh-CN';

export interface LookOptions {
  /** `#/queues`; the overview when absent. */
  readonly address?: string;
  /** Whose password is the name; guest when absent, nobody when undefined. */
  readonly user?: string | undefined;
  readonly theme?: Theme;
  readonly language?: Language;
  readonly width?: number;
  readonly height?: number;
  /** Another way to the broker than straight. */
  readonly url?: string;
  /** Refusals that the test provokes. */
  readonly allow?: readonly number[];
}

export interface DashboardOptions {
  /** False: a broker without anything. */
  readonly scene?: boolean;
  readonly projectRoot?: string;
}

/** Chromium itself says this of every answer that is a refusal; the answers are looked at one by one. */
const ON_REFUSAL = /^Failed to load resource:/;
const WIDTH = 1280;
const HEIGHT = 860;
/** Of a single step: a broker on a busy machine is slower than any page needs. */
const STEP_MS = 20_000;

export class DashboardUnderTest {
  readonly server: LeveretServer;
  readonly browser: Browser;
  readonly api: BrokerApi;
  readonly #scene: Scene | undefined;
  readonly #looks = new Set<Look>();

  private constructor(server: LeveretServer, browser: Browser, scene: Scene | undefined) {
    this.server = server;
    this.browser = browser;
    this.api = new BrokerApi(server.httpUrl);
    this.#scene = scene;
  }

  static async start({ scene = true, projectRoot }: DashboardOptions = {}): Promise<DashboardUnderTest> {
    const server = await startLeveret(projectRoot === undefined ? {} : { projectRoot });
    try {
      const running = scene ? await Scene.start(server) : undefined;
      const browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        // the sandbox needs rights that a container rarely has; the pages are our own
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
      });
      return new DashboardUnderTest(server, browser, running);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.#scene?.close();
    await this.server.close();
  }

  /** Opens a window of its own, logged in. */
  async look(options: LookOptions = {}): Promise<Look> {
    const { theme = 'light', language = 'en-US', width = WIDTH, height = HEIGHT } = options;
    const url = options.url ?? this.server.httpUrl;
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      locale: language,
      reducedMotion: 'reduce',
      acceptDownloads: true,
    });
    context.setDefaultTimeout(STEP_MS);
    const user = 'user' in options ? options.user : 'guest';
    if (user !== undefined) await logIn(context, url, user);
    const look = new Look(context, await context.newPage(), url, options.allow ?? []);
    this.#looks.add(look);
    await look.go(options.address ?? '#/');
    return look;
  }

  /** What went wrong in all windows since they were opened; closes them. */
  async closeLooks(): Promise<string[]> {
    const looks = [...this.#looks];
    this.#looks.clear();
    await Promise.all(looks.map((look) => look.context.close()));
    return looks.flatMap(({ problems }) => problems);
  }
}

async function logIn(context: BrowserContext, url: string, user: string): Promise<void> {
  const answer = await context.request.post(`${url}/v1/session`, {
    data: { username: user, password: user },
    headers: { origin: url },
  });
  if (!answer.ok()) throw new Error(`${user} was not let in: ${answer.status()} ${await answer.text()}`);
}

/** A window, with what it asked for and what went wrong in it. */
export class Look {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
  /** Errors on the console (violations of the content security policy among them), exceptions, refusals, strange hosts. */
  readonly problems: string[] = [];
  /** `GET /v1/session`, in order. */
  readonly requests: string[] = [];

  constructor(context: BrowserContext, page: Page, url: string, allowed: readonly number[]) {
    this.context = context;
    this.page = page;
    this.url = url;
    page.on('console', (message) => {
      if (message.type() === 'error' && !ON_REFUSAL.test(message.text()))
        this.problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(`exception: ${error.stack ?? error.message}`));
    page.on('request', (request) => this.#onRequest(request));
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (response.status() >= 400 && !allowed.includes(response.status()))
        this.problems.push(`${response.status()} for ${response.request().method()} ${pathname}`);
    });
  }

  /** Loads the page anew. */
  async go(address: string): Promise<void> {
    await this.page.goto('about:blank');
    await this.page.goto(`${this.url}/${address}`);
    await this.settled();
  }

  /** Until the page is there and nothing on it is loading. */
  async settled(): Promise<void> {
    await this.page.locator('h1').first().waitFor();
    await this.until(NOTHING_LOADS);
  }

  /** Waits in the page itself: its policy forbids what Playwright would do for that. Resolves with what is true then. */
  until<T>(expression: string): Promise<T> {
    return this.page.evaluate<T>(`(async () => {
      const end = performance.now() + ${STEP_MS};
      for (;;) {
        const value = (${expression});
        if (value) return value;
        if (performance.now() > end) throw new Error(${JSON.stringify(`not so in time: ${expression}`)});
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })()`);
  }

  #onRequest(request: Request): void {
    const url = new URL(request.url());
    if (url.protocol === 'about:') return;
    this.requests.push(`${request.method()} ${url.pathname}`);
    const isOwn =
      request.url().startsWith(`${this.url}/`) || url.protocol === 'data:' || url.protocol === 'blob:';
    if (!isOwn) this.problems.push(`a request to elsewhere: ${request.url()}`);
  }
}

/** Bars of what loads have the role status and no text; the mark of the live stream has one. */
const NOTHING_LOADS = `[...document.querySelectorAll('[role="status"]')].every((each) => each.textContent !== '')`;

/** The button of exactly that label. */
export function press(where: Page | Locator, name: string): Promise<void> {
  return where.getByRole('button', { name, exact: true }).click();
}
