import type { CommandLine } from './command-line.ts';

/** config, reconfigure. */
export function addConfigurationCommands({ program, layout, done }: CommandLine): void {
  const config = program.command('config').description('show and change conf/dkm.toml, and see what was edited').addHelpText('after', CONFIG_HELP);
  config
    .command('get')
    .description('print what is set, or one key of it')
    .argument('[key]', 'such as install.port, or a table such as services.collectd')
    .option('--json', 'print it as JSON')
    .action(async (key: string | undefined, options: { json?: boolean }) => done(await (await import('../commands/config.ts')).get(layout(), key, options)));
  config
    .command('set')
    .description('set a key; comments and order of the file stay')
    .argument('<key>')
    .argument('<value>', 'a TOML value; what is none is taken as text')
    .action(async (key: string, value: string) => done(await (await import('../commands/config.ts')).set(layout(), key, value)));
  config
    .command('unset')
    .description('take a key or a table out, so that its default holds')
    .argument('<key>')
    .action(async (key: string) => done(await (await import('../commands/config.ts')).unset(layout(), key)));
  config
    .command('diff')
    .description('show what you edited in the generated files, and with --pending what "dkm reconfigure" would change')
    .argument('[file...]', 'such as conf/collectd.conf')
    .option('--pending', 'against what dkm would write now, in place of what it wrote')
    .option('--json', 'print the state of each file as JSON')
    .action(async (files: string[], options: { pending?: boolean; json?: boolean }) =>
      done(await (await import('../commands/config.ts')).diff(layout(), files, options)),
    );
  program
    .command('reconfigure')
    .description('write the generated configuration anew from conf/dkm.toml, with your edits, and restart what changed')
    .option('--dry-run', 'print what would be done and change nothing')
    .option('--no-restart', 'leave running services as they are')
    .option('--json', 'print one JSON object')
    .action(async (options: { dryRun?: boolean; restart: boolean; json?: boolean }) =>
      done(await (await import('../commands/reconfigure.ts')).reconfigure(layout(), options)),
    );
}

const CONFIG_HELP = `
Examples:
  dkm config set services.collectd.autostart false
  dkm config set install.listen.query 0.0.0.0
  dkm config unset services.collectd
  dkm config diff

After a change: "dkm reconfigure".`;
