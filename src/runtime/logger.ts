/** What the runtime needs of a logger: fields first, then words. pino fits it as it is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For tests and for parts that nobody listens to. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
