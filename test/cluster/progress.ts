/**
 * Says what is going on: a running counter on a terminal, a line now and then elsewhere, so that long work never looks
 * like a hang.
 */
export interface Progress {
  /** One finished line. */
  line(text: string): void;
  /** Runs `work` and says for how long it has been running and, at the end, how long it took. */
  during<T>(text: string, work: () => Promise<T>): Promise<T>;
}

const quietSeconds = 30;

export function progressTo(stream: NodeJS.WriteStream): Progress {
  const line = (text: string) => stream.write(`${text}\n`);
  return {
    line,
    async during(text, work) {
      const start = Date.now();
      const seconds = () => Math.round((Date.now() - start) / 1000);
      if (stream.isTTY) stream.write(`${text} ...`);
      else line(`${text} ...`);
      const timer = stream.isTTY
        ? setInterval(() => stream.write(`\r\u001b[K${text} ... ${seconds()} s`), 1000)
        : setInterval(() => line(`${text} ... ${seconds()} s so far`), quietSeconds * 1000);
      try {
        const result = await work();
        line(`${stream.isTTY ? '\r\u001b[K' : ''}${text}: ${seconds()} s`);
        return result;
      } catch (error) {
        line(`${stream.isTTY ? '\r\u001b[K' : ''}${text}: failed after ${seconds()} s`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

export const silent: Progress = { line: () => undefined, during: (_text, work) => work() };
