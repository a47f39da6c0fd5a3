import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { Screen } from './screen.ts';

class FakeTerminal extends EventEmitter {
  text = '';
  columns = 40;
  rows = 3;

  write(text: string | Uint8Array): void {
    this.text += String(text);
  }
}

class FakeKeyboard extends EventEmitter {
  readonly modes: boolean[] = [];
  isPaused = false;

  setRawMode(on: boolean): void {
    this.modes.push(on);
  }

  resume(): void {
    this.isPaused = false;
  }

  pause(): void {
    this.isPaused = true;
  }
}

let screen: Screen | undefined;
afterEach(() => screen?.close());

function open(): { terminal: FakeTerminal; keyboard: FakeKeyboard; screen: Screen } {
  const [terminal, keyboard] = [new FakeTerminal(), new FakeKeyboard()];
  screen = new Screen(terminal, keyboard);
  return { terminal, keyboard, screen };
}

describe('a screen', () => {
  test('is left as it was found, once', () => {
    const { terminal, keyboard, screen: opened } = open();
    const before = process.listenerCount('SIGINT');
    opened.close();
    opened.close();
    expect(terminal.text).toBe('\u001b[?1049h\u001b[?25l\u001b[?25h\u001b[?1049l');
    expect([keyboard.modes, keyboard.isPaused]).toEqual([[true, false], true]);
    expect([terminal.listenerCount('resize'), keyboard.listenerCount('data')]).toEqual([0, 0]);
    expect(process.listenerCount('SIGINT')).toBe(before - 1);
  });

  test('draws as many lines as it has', () => {
    const { terminal, screen: opened } = open();
    terminal.text = '';
    opened.draw(['a', 'b', 'c', 'd']);
    expect(terminal.text).toBe('\u001b[Ha\u001b[K\r\nb\u001b[K\r\nc\u001b[K\u001b[J');
  });

  test('tells of keys, of Ctrl+C, of another size, and of time', async () => {
    const { terminal, keyboard, screen: opened } = open();
    keyboard.emit('data', Buffer.from('sd\u0003'));
    terminal.emit('resize');
    expect(await opened.next(10_000)).toEqual({ kind: 'key', key: 's' });
    expect(await opened.next(10_000)).toEqual({ kind: 'key', key: 'd' });
    expect(await opened.next(10_000)).toEqual({ kind: 'end' });
    expect(await opened.next(10_000)).toEqual({ kind: 'resize' });
    expect(await opened.next(0)).toEqual({ kind: 'time' });
    const waiting = opened.next(10_000);
    keyboard.emit('data', Buffer.from('q'));
    expect(await waiting).toEqual({ kind: 'key', key: 'q' });
  });
});
