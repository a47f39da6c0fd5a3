/** From now on exceptions that nobody catches are gathered instead of ending the test run; `stop` gives their messages. */
export function uncaughtErrors(): { stop(): string[] } {
  const messages: string[] = [];
  const before = process.listeners('uncaughtException');
  const gather = (error: Error): void => void messages.push(error.message);
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', gather);
  return {
    stop() {
      process.removeListener('uncaughtException', gather);
      for (const listener of before) process.on('uncaughtException', listener);
      return messages;
    },
  };
}
