/**
 * The `sallyport` program, begun by main.ts: finds the subcommand, prints what went wrong in one sentence, sets the exit code
 * (0 done, 1 failed, 2 wrong arguments). What a subcommand does is in commands/.
 */
import { UsageError, note, print, reasonOf } from './command.ts';
import { commands } from './commands/all.ts';

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return printHelp();
  const load = commands[name];
  if (load === undefined) throw new UsageError(`there is no command '${name}'; there are ${Object.keys(commands).join(', ')}`);
  const command = await load();
  const separator = args.indexOf('--');
  const own = separator === -1 ? args : args.slice(0, separator);
  if (own.includes('--help') || own.includes('-h')) {
    print(command.help.trim());
    return 0;
  }
  return command.run(args);
}

async function printHelp(): Promise<number> {
  print('sallyport: a self-hosted twin of Azure VPN Gateway\n\nUsage: sallyport COMMAND [OPTIONS]\n');
  for (const [name, load] of Object.entries(commands)) print(`  ${name.padEnd(14)} ${(await load()).summary}`);
  print('\n`sallyport COMMAND --help` tells a command’s options.');
  return 0;
}

// A reader that went away (`| head`) is no error, and no reason to die with a fabric half removed: every command ends by itself.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  note(`sallyport: ${reasonOf(error)}`);
  if (process.env['SALLYPORT_DEBUG'] !== undefined && error instanceof Error) note(error.stack ?? '');
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
