import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { isNotifySpec } from '../../../src/contract/notify.ts';
import { isCommandSettings } from '../../../src/notify/channels/command.ts';
import { isEmailSettings } from '../../../src/notify/channels/email.ts';
import { isReceiverSettings, isWebhookSettings } from '../../../src/notify/channels/webhook.ts';
import { readNotify } from '../../../src/notify/definitions/read-notify.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const DKM_TOML = `
[install]
type = "all"
port = 15000
hostname = "box.example.org"
listen = { dashboards = "127.0.0.1", carbon = "127.0.0.1", query = "127.0.0.1" }
providers = {}
`;

function installed(text: string | undefined, secrets: Record<string, string> = {}): Layout {
  const layout = layoutOf(temporaryDirectory());
  mkdirSync(layout.secrets, { recursive: true });
  writeFileSync(layout.settings, DKM_TOML);
  if (text !== undefined) writeFileSync(layout.notifySettings, text);
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(layout.secrets, name), secret, { mode: 0o600 });
  return layout;
}

const faultsOf = async (text: string, secrets = {}): Promise<string[]> => (await readNotify(installed(text, secrets))).faults;
const webhook = (more: string): string => `[[channels]]\nname = "a"\nkind = "webhook"\n${more}`;
const email = (more: string): string => `[[channels]]\nname = "a"\nkind = "email"\nhost = "h"\nfrom = "a@b"\n${more}`;

describe('conf/notify.toml', () => {
  it.each([undefined, '', '# nothing\n'])('tells nobody when it is %j', async (text) => {
    const { spec, faults } = await readNotify(installed(text));
    expect(faults).toEqual([]);
    expect(spec).toMatchObject({ host: 'box.example.org', channels: [], rules: { failures: 2, of: 3, reminderMs: 86_400_000 } });
    expect(isNotifySpec(spec)).toBe(true);
  });

  it('is, with every example of the template, what the supervisor takes', async () => {
    const template = readFileSync(join(import.meta.dirname, '../../../templates/dkm/conf/notify.toml.hbs'), 'utf8');
    // Examples stand deeper than prose.
    const examples = template.split('\n').flatMap((line) => (line.startsWith('#   ') && !line.startsWith('#   dkm ') ? [line.slice(4)] : []));
    const perChannel = examples.findIndex((line) => line.startsWith('severities'));
    const rules = examples.findIndex((line) => line === '[rules]');
    const link = examples.find((line) => line.startsWith('console_url'));
    const text = [link, ...examples.filter((line) => line !== link)].join('\n');
    expect([perChannel, rules].every((index) => index > 0)).toBe(true);
    const names = ['mail-password', 'mattermost-url', 'tickets-authorization', 'tickets-key', 'heartbeat-url'];
    const { spec, faults } = await readNotify(installed(text, Object.fromEntries(names.map((name) => [name, 'https://x.example.org/y\n']))));
    expect(faults).toEqual([]);
    expect(spec?.channels.map(({ name }) => name)).toEqual(['admins', 'team', 'tickets', 'pager']);
    expect(isNotifySpec(JSON.parse(JSON.stringify(spec)))).toBe(true);
    const shapes = [isEmailSettings, isWebhookSettings, isWebhookSettings, isCommandSettings];
    expect(spec?.channels.map(({ settings }, index) => shapes[index]?.(settings))).toEqual([true, true, true, true]);
    expect(isReceiverSettings(spec?.heartbeat?.settings)).toBe(true);
    // The template names the defaults.
    expect(spec?.rules).toEqual((await readNotify(installed(''))).spec?.rules);
  });

  it.each<[string, string, RegExp]>([
    ['an unknown key', 'speed = 1', /^conf\/notify\.toml: speed: unknown key$/],
    ['an unknown rule', '[rules]\nremind_h = 1', /^conf\/notify\.toml: rules\.remind_h: unknown key$/],
    ['an unknown key of a channel', webhook('url = "http://x"\nbody = "y"'), /^conf\/notify\.toml: channels\[0\]\.body: unknown key$/],
    ['what is no TOML', '[[', /conf\/notify\.toml is not valid TOML/],
    ['more failures than runs', '[rules]\nfailures = 4', /rules\.failures: expected no more than "of"/],
    ['more failures than runs in an exception', '[[exceptions]]\npromises = ["x"]\nfailures = 4', /exceptions\[0\]\.failures: expected no more/],
    ['a kind that there is not', '[[channels]]\nname = "a"\nkind = "pigeon"', /channels\[0\]\.kind/],
    ['two channels of one name', `${webhook('url = "http://x"')}\n${webhook('url = "http://x"')}`, /channels\[1\]\.name: there are two channels "a"/],
    ['a name that is a path', '[[channels]]\nname = "../a"\nkind = "command"\ncommand = ["x"]', /channels\[0\]\.name: expected lower-case/],
    ['no address', webhook(''), /channels\[0\]\.url: expected url or url_file/],
    ['two addresses', webhook('url = "http://x"\nurl_file = "y"'), /channels\[0\]\.url: expected url or url_file, not both/],
    ['a password in an address', webhook('url = "http://me:secret@x/"'), /channels\[0\]\.url: expected an address .* no password/],
    ['another protocol', webhook('url = "ftp://x/"'), /channels\[0\]\.url/],
    ['a secret file elsewhere', webhook('url_file = "../../etc/passwd"'), /channels\[0\]\.url_file: expected a path inside conf\/secrets/],
    ['a header of two lines', webhook('url = "http://x"\nheaders = { X = "a\\r\\nB: c" }'), /channels\[0\]\.headers\.X: expected one line/],
    ['a preset without its token', webhook('preset = "telegram"\nchat_id = "1"'), /channels\[0\]\.token_file: expected for preset "telegram"/],
    ['a secret address', webhook('preset = "slack"\nurl = "http://x"'), /channels\[0\]\.url: whoever knows it may write there/],
    ['a secret header', webhook('url = "http://x"\nheaders = { authorization = "Bearer x" }'), /channels\[0\]\.headers\.authorization: it is a secret/],
    ['a token nobody wants', webhook('preset = "slack"\nurl = "http://x"\ntoken_file = "t"'), /channels\[0\]\.token_file: preset "slack" has no use for it/],
    ['mail to nobody', email('to = []'), /channels\[0\]\.to/],
    ['a recipient of two lines', email('to = ["a@b\\nBcc: c@d"]'), /channels\[0\]\.to\[0\]: expected one line/],
    ['a user without a password', email('to = ["a@b"]\nuser = "u"'), /channels\[0\]\.password_file: expected user and password_file/],
    ['a password in the clear', email('to = ["a@b"]\nuser = "u"\npassword_file = "p"\ntls = "none"'), /channels\[0\]\.tls: expected starttls or smtps/],
    ['quiet hours that are none', webhook('url = "http://x"\nquiet_hours = ["22-6"]'), /quiet_hours\[0\]: expected a span/],
    ['quiet hours without an end', webhook('url = "http://x"\nquiet_hours = ["00:00-24:00"]'), /quiet_hours: expected some minute/],
    ['a severity that there is not', webhook('url = "http://x"\nseverities = ["fatal"]'), /severities\[0\]/],
    ['a secret that there is not', webhook('url_file = "absent"'), /conf\/secrets\/absent cannot be read/],
    ['a certificate that there is not', webhook('url = "http://x"\nca_file = "absent.pem"'), /absent\.pem/],
    ['a heartbeat to nowhere', '[heartbeat]', /heartbeat\.url: expected url or url_file/],
  ])('names %s', async (_, text, fault) => {
    const layout = installed(text);
    const { spec, faults } = await readNotify(layout);
    expect(faults.join('\n')).toMatch(fault);
    expect(spec).toBeUndefined();
  });

  it('refuses a secret that everybody may read, without telling it', async () => {
    const layout = installed(webhook('url_file = "url"'), { url: 'https://chat.example.org/very-secret' });
    chmodSync(join(layout.secrets, 'url'), 0o644);
    const { faults } = await readNotify(layout);
    expect(faults.join()).toMatch(/everybody on this machine may read it \(mode 644\).*chmod 600/);
    expect(faults.join()).not.toContain('very-secret');
  });

  it.each([
    ['', /is empty/],
    ['one\ntwo\n', /more than one line/],
  ])('refuses a secret that is %j', async (secret, fault) => {
    expect((await faultsOf(webhook('url_file = "url"'), { url: secret })).join()).toMatch(fault);
  });
});
