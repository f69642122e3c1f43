import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { reachable, render, reversedHost, templateContext } from '../../../src/manifest/context.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';

const context = (settings = fixedSettings('all')): ReturnType<typeof templateContext> => templateContext('store-x', settings, layoutOf('/srv/dkm'));

describe('templates', () => {
  it.each([
    ['{{component}}', '/srv/dkm/current/components/store-x'],
    ['{{executable}}', '/srv/dkm/current/installer'],
    ['{{dir.conf}} {{dir.logs}}', '/srv/dkm/conf /srv/dkm/run/logs'],
    ['{{port.carbon}} {{port.carbonlink}}', '15001 15007'],
    ['{{address listen.loopback port.storeHttp}}', '127.0.0.1:15003'],
    ['{{address "::1" 80}}', '[::1]:80'],
    ['{{url connect.query}}', 'http://127.0.0.1:15002'],
    ['{{path dir.run "a/b"}} {{path "x/" "y"}}', '/srv/dkm/run/a/b x/y'],
    ['{{quote (path dir.run "a \\"b\\"")}}', '"/srv/dkm/run/a \\"b\\""'],
    ['{{secret "admin-password"}}', '/srv/dkm/conf/secrets/admin-password'],
    ['{{#if (eq install.type "all")}}yes{{else}}no{{/if}}', 'yes'],
    ['{{#if system.collectd}}system{{else}}bundled{{/if}}', 'bundled'],
    ['{{host.name}} {{host.reversed}}', 'host.example.org org.example.host'],
    ['{{quote "<&>\'"}}', '"<&>\'"'],
  ])('%s', (template, expected) => {
    expect(render(template, context(), 'test')).toBe(expected);
  });

  it.each([
    '{{nonsense}}',
    '{{dir.nonsense}}',
    '{{quote dir.nonsense}}',
    '{{address listen.nonsense port.query}}',
    '{{#each retention.rule}}{{name}}{{/each}}',
    '{{url connect.nonsense}}',
  ])('%s is an error that says where', (template) => {
    expect(() => render(template, context(), 'templates/x/y.hbs')).toThrow(
      expect.objectContaining({ code: 'manifest-invalid', message: expect.stringContaining('templates/x/y.hbs: ') as string }),
    );
  });

  it('of an agent point at the server it was given', () => {
    const { connect } = context(fixedSettings('agent'));
    expect(connect).toMatchObject({ carbon: { host: 'metrics.example.org', port: 2003 }, query: { host: 'metrics.example.org', port: 8080 } });
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['10.1.2.3', '10.1.2.3'],
  ])('what listens on %s is reached at %s', (listen, address) => {
    expect(reachable(listen)).toBe(address);
  });

  it.each([
    ['host.example.org', 'org.example.host'],
    ['localhost', 'localhost'],
  ])('%s turned round is %s', (name, reversed) => {
    expect(reversedHost(name)).toBe(reversed);
  });
});
