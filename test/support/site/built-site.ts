import { existsSync, globSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { repositoryPath } from '../documents/crd.ts';
import { longEnough } from '../patience.ts';
import { StaticServer } from './static-server.ts';

const FOLDER = repositoryPath('dist/site');
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The program that shows the pages. `CHROMIUM` names another. @throws Error where there is none */
function chromiumProgram(): string {
  const program = process.env['CHROMIUM'] ?? PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) throw new Error('there is no Chromium: install the package chromium, or set CHROMIUM');
  return program;
}

/** The site as `make site` built it, on a host of its own, and a headless Chromium to look at it. */
export class BuiltSite {
  readonly server: StaticServer;
  readonly #browser: Browser;

  private constructor(server: StaticServer, browser: Browser) {
    this.server = server;
    this.#browser = browser;
  }

  static async open(): Promise<BuiltSite> {
    const browser = await chromium.launch({
      timeout: longEnough(),
      executablePath: chromiumProgram(),
      // Tests run as root, where Chromium has no sandbox, and in containers with a small /dev/shm.
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    return new BuiltSite(await StaticServer.start(FOLDER), browser);
  }

  /** A window of the browser, with nothing remembered. */
  async window(options: { width: number; scheme?: 'light' | 'dark' } = { width: 1280 }): Promise<Page> {
    const { width, scheme = 'light' } = options;
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(longEnough());
    return context.newPage();
  }

  /** The address of a page, such as `install.html`. */
  address(page: string): string {
    return `${this.server.origin}/${page}`;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.server.close();
  }
}

/** The pages of the site by their paths, such as `guides/files.html`. */
export function builtPages(): string[] {
  return globSync('**/*.html', { cwd: FOLDER }).toSorted();
}
