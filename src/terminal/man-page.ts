import type { CommandFacts, OptionFacts } from './command-tree.ts';

/*
 * The manual page, in the man macros that groff, mandoc and the older ones know: groff_man(7), mandoc's man(7). What the
 * command line knows comes from it; what it does not know stands here.
 */

/** When what is written here by hand was changed last. */
const CHANGED = '2026-11-21';

/** The page's source. Nothing in it depends on when it was made. Pure. */
export function manPage(facts: readonly CommandFacts[], version: string): string {
  const [program, ...commands] = facts;
  return [
    `.TH DKM 1 ${CHANGED} "dkm ${roff(version)}" "dkm"`,
    '.SH NAME',
    'dkm \\- start, watch and ask a dkm monitoring installation',
    '.SH SYNOPSIS',
    '.B dkm',
    '.RB [ \\-d',
    '.IR directory ]',
    '.I command',
    '.RI [ "argument ..." ]',
    '.SH DESCRIPTION',
    ...DESCRIPTION,
    '.SH OPTIONS',
    ...(program?.options ?? []).flatMap(optionLines),
    '.TP',
    '\\fB\\-h\\fR, \\fB\\-\\-help\\fR',
    'Print what a command takes, with examples.',
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    ...MORE,
    '',
  ].join('\n');
}

function commandLines({ path, description, arguments: taken, options, commands, more }: CommandFacts): string[] {
  const usage = [
    `\\fBdkm ${roff(path)}\\fR`,
    ...(options.length > 0 ? ['[\\fIoption\\fR ...]'] : []),
    ...taken.map(({ usage: word }) => roff(word)),
    ...(commands.length > 0 ? ['\\fIcommand\\fR'] : []),
  ];
  const described = taken.filter(({ description: words }) => words !== '');
  return [
    `.SS ${quoted(`dkm ${path}`)}`,
    usage.join(' '),
    '.PP',
    sentence(description),
    ...described.flatMap(({ usage: word, description: words }) => ['.TP', `\\fI${roff(word)}\\fR`, sentence(words)]),
    ...options.flatMap(optionLines),
    ...(more === '' ? [] : ['.PP', '.nf', ...more.split('\n').map(roff), '.fi']),
  ];
}

function optionLines({ flags, description, value, default: standard }: OptionFacts): string[] {
  const choices = value !== undefined && value.choices.length > 0 ? `One of: ${value.choices.join(', ')}.` : '';
  const words = [sentence(description), choices, standard === undefined ? '' : `Default: ${roff(standard)}.`].filter((part) => part !== '');
  return ['.TP', roffFlags(flags), ...words.map(startOfLine)];
}

/** `-n, --lines <count>` with the flags in bold. */
function roffFlags(flags: string): string {
  return flags
    .split(/(\s+|,)/)
    .map((part) => (part.startsWith('-') ? `\\fB${roff(part)}\\fR` : /^[<[]/.test(part) ? `\\fI${roff(part)}\\fR` : part))
    .join('');
}

function sentence(text: string): string {
  const words = roff(`${text.charAt(0).toUpperCase()}${text.slice(1)}`);
  return startOfLine(/[.!?:]$/.test(words) ? words : `${words}.`);
}

/** Text that roff takes as it is: a backslash, a hyphen that is typed, quotes, a control character at the start of a line. */
export function roff(text: string): string {
  return startOfLine(
    text
      .replaceAll('\\', '\\e')
      .replaceAll('-', '\\-')
      .replaceAll("'", '\\(aq')
      .replaceAll('`', '\\(ga')
      .replaceAll('^', '\\(ha')
      .replaceAll('~', '\\(ti')
      .replaceAll('…', '...')
      .replaceAll('–', '\\(en')
      .replace(/[^\n -~]/gu, (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`),
  );
}

function startOfLine(text: string): string {
  return /^[.']/.test(text) ? `\\&${text}` : text;
}

function quoted(text: string): string {
  return `"${roff(text).replaceAll('"', '\\(dq')}"`;
}

const DESCRIPTION = [
  'dkm keeps the services of an installation running: a store of metrics, the service that answers queries of them,',
  'dashboards, and a collector. It checks that everything is as it should be, tells somebody when it is not, and shows',
  'hosts and metrics in the terminal.',
  '.PP',
  'It belongs to one installation: the one whose',
  '.I bin/dkm',
  'is called, or the one named with',
  '.BR \\-\\-directory .',
  'Whatever lists something takes',
  '.BR \\-\\-json ,',
  'for programs.',
];

const MORE = [
  '.SH EXIT STATUS',
  ...(
    [
      ['0', 'Fine.'],
      ['1', 'Something is unhealthy, failed, or not there.'],
      ['2', 'Wrong usage: an unknown option, service or promise.'],
      ['3', '\\fBstatus\\fR only: nothing is running.'],
      ['4', 'Refused before anything was changed.'],
      ['70', 'A defect of dkm.'],
    ] as const
  ).flatMap(([code, words]) => ['.TP', `.B ${code}`, words]),
  '.SH ENVIRONMENT',
  ...(
    [
      ['NO_COLOR', 'When it is set and not empty, nothing is coloured.'],
      ['COLUMNS', 'How wide what is drawn is, where it is not written to a terminal.'],
      ['LC_ALL, LC_CTYPE, LANG', 'A locale that is not UTF\\-8 has pictures drawn in ASCII.'],
      ['TZ', 'The time zone of times that are shown and typed.'],
      ['DKM_DEBUG', 'When it is 1, an error is shown with where it happened.'],
    ] as const
  ).flatMap(([name, words]) => ['.TP', `.B ${name}`, words]),
  '.SH FILES',
  'In the installed directory:',
  ...(
    [
      ['conf/dkm.toml', 'What the installer was told, and settings for each service.'],
      ['conf/promises.d/, conf/promises.toml', 'Promises of your own, and changes of any promise.'],
      ['conf/notify.toml', 'Who is told when a promise breaks.'],
      ['conf/collectd.d/', 'Additions to the collector.'],
      ['conf/dashboards.d/', 'Dashboards of your own.'],
      ['conf/whisper/', 'How long metrics are kept.'],
      ['conf/secrets/', 'The generated password and keys; their owner alone may read them.'],
      ['storage/', 'What a backup saves: metrics, databases, results of promises.'],
      ['run/status.json, run/promises.json', 'The state of services and promises, written by the supervisor.'],
      ['run/logs/', 'Logs of the services and of the supervisor.'],
      ['current/share/man/man1/dkm.1', 'This page.'],
    ] as const
  ).flatMap(([path, words]) => ['.TP', `.I ${roff(path)}`, words]),
  '.SH EXAMPLES',
  ...(
    [
      ['Start everything, and see how it is:', 'dkm start\ndkm status\ndkm check'],
      ['Watch hosts and services:', 'dkm top'],
      [
        'Draw the load of the last six hours, and see which metrics a host has:',
        "dkm graph 'collectd.org.example.web.load.load.*' --from -6h\ndkm metrics find collectd.org.example.web --leaves --long",
      ],
      ['Send a value, and see that it can be read:', 'dkm metrics send my.backup.seconds 42 --check'],
      ['Save everything, and try the backup beside the original:', 'dkm backup --to /backups\ndkm restore /backups/FILE -d /srv/copy -p 16000'],
    ] as const
  ).flatMap(([words, lines], index) => [...(index === 0 ? [] : ['.PP']), words, '.PP', '.nf', '.RS 4', ...lines.split('\n').map(roff), '.RE', '.fi']),
  '.SH SEE ALSO',
  '.BR collectd (1),',
  '.BR systemctl (1)',
];
