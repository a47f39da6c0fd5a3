/**
 * Payloads as files of a folder that all services of a system see:
 *
 *     FOLDER/SERVICE/HASH.UNIQUE      HASH: of the bytes, SHA-256; UNIQUE: so that no two messages share a file
 *     FOLDER/SERVICE/HASH.UNIQUE.new  while it is written
 *
 * A file belongs to the service that sent it, which removes it when it is old. A message carries the name, `SERVICE/HASH.UNIQUE`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, opendir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimCheckOptions } from '../service.ts';
import type { ClaimCheck } from './claim-check.ts';

const HASH_AND_UNIQUE = '[0-9a-f]{64}\\.[0-9a-f]{16}';
/** A service is named as `service` allows it: so nothing here leads out of the folder. */
const NAME = new RegExp(`^[a-zA-Z0-9]+(?:[._-][a-zA-Z0-9]+)*/(${HASH_AND_UNIQUE})$`);
const FILE = new RegExp(`^${HASH_AND_UNIQUE}(?:\\.new)?$`);
const SHOWN_CHARACTERS_MAX = 100;

/** Opens the folder of a service, which is made when it is not there. */
export async function openClaimCheck(service: string, options: ClaimCheckOptions): Promise<ClaimCheck> {
  const { aboveBytes, folder } = options;
  if (!(aboveBytes >= 0)) {
    throw new RangeError(
      `claimCheck.aboveBytes of service '${service}': found ${aboveBytes}; allowed: a number of bytes, 0 or more`,
    );
  }
  const own = join(folder, service);
  try {
    await mkdir(own, { recursive: true });
  } catch (error) {
    throw claimError(`the folder ${own} cannot be made`, error, 'make it, and let the service write there');
  }
  return new FolderClaimCheck(service, options);
}

class FolderClaimCheck implements ClaimCheck {
  readonly #service: string;
  readonly #aboveBytes: number;
  readonly #folder: string;
  readonly #own: string;

  constructor(service: string, { aboveBytes, folder }: ClaimCheckOptions) {
    this.#service = service;
    this.#aboveBytes = aboveBytes;
    this.#folder = folder;
    this.#own = join(folder, service);
  }

  /** Resolves when the file is durable: a message is never before its payload. */
  async store(body: Uint8Array): Promise<string | undefined> {
    if (body.byteLength <= this.#aboveBytes) return undefined;
    const file = `${hashOf(body)}.${randomBytes(8).toString('hex')}`;
    const path = join(this.#own, file);
    try {
      await writeDurably(`${path}.new`, body);
      await rename(`${path}.new`, path);
      await syncFolder(this.#own);
    } catch (error) {
      throw claimError(
        `payload ${path} cannot be written`,
        error,
        'see that the disk has room and the service may write there',
      );
    }
    return `${this.#service}/${file}`;
  }

  async load(name: string): Promise<Uint8Array> {
    const file = NAME.exec(name)?.[1];
    if (file === undefined) {
      throw new TypeError(
        `claim check '${name.slice(0, SHOWN_CHARACTERS_MAX)}' is no name of a payload; allowed: SERVICE/HASH.UNIQUE, as the service that sent the message made it`,
      );
    }
    const path = join(this.#folder, name);
    const body = await this.#read(path);
    if (hashOf(body) === file.slice(0, file.indexOf('.'))) return body;
    throw new Error(
      `claim check: payload ${path} has ${body.length} bytes that are not those that were sent: the file was changed or is not complete; send the message again`,
    );
  }

  async removeBefore(timeMs: number): Promise<number> {
    let count = 0;
    // One file at a time: nothing waits for this, and a folder may have many.
    for await (const { name } of await opendir(this.#own)) {
      if (FILE.test(name) && (await removeWhenOlder(join(this.#own, name), timeMs))) count += 1;
    }
    return count;
  }

  async #read(path: string): Promise<Uint8Array> {
    try {
      return await readFile(path);
    } catch (error) {
      throw claimError(
        `payload ${path} cannot be read`,
        error,
        'see that this service and the one that sent the message have the same claimCheck.folder, and that the message is not older than the inboxDays of its sender',
      );
    }
  }
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

async function writeDurably(path: string, body: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(body);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** So that the new name of a file survives a crash of the machine. */
async function syncFolder(path: string): Promise<void> {
  const handle: FileHandle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** False when it is younger, or another instance was faster. */
async function removeWhenOlder(path: string, timeMs: number): Promise<boolean> {
  try {
    if ((await stat(path)).mtimeMs >= timeMs) return false;
    await unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw claimError(`payload ${path} cannot be removed`, error, 'let the service write there');
  }
}

function claimError(what: string, error: unknown, next: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Error(`claim check: ${what} (${code ?? message}): ${next}`, { cause: error });
}
