/**
 * Runs a program of scripts/ with the words behind its name and sets the exit code. An error becomes one line, and
 * exit code 1.
 */
export async function runMain(main: (argv: string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
