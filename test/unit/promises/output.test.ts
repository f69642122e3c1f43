import { describe, expect, it } from 'vitest';
import { cleaned, LONGEST_MESSAGE, outcomeOf, type Printed } from '../../../src/promises/output.ts';

const printed = (more: Partial<Printed>): Printed => ({ code: 0, signal: null, stdout: '', stderr: '', ...more });

describe('what an executable prints', () => {
  it.each<[what: string, Partial<Printed>, expected: Record<string, unknown>]>([
    ['JSON and exit code 0', { stdout: '{"message":"all well"}\n' }, { state: 'ok', message: 'all well' }],
    ['JSON with a status of its own', { stdout: '{"message":"no","status":"ERROR"}' }, { state: 'failed', message: 'no' }],
    ['a status that is nearly OK', { stdout: '{"message":"m","status":"ok"}' }, { state: 'failed', message: 'm' }],
    ['that nobody can tell', { stdout: '{"message":"m","status":"no-data"}' }, { state: 'no-data', message: 'm' }],
    ['JSON that claims to be well, and exit code 3', { code: 3, stdout: '{"message":"m","status":"OK"}' }, { state: 'failed', message: 'm' }],
    ['no-data and exit code 1', { code: 1, stdout: '{"message":"m","status":"no-data"}' }, { state: 'failed', message: 'm' }],
    ['JSON, and something on stderr', { stdout: '{"message":"m"}', stderr: 'careful\n' }, { state: 'ok', message: 'm', error: 'careful' }],
    [
      'more in JSON',
      { stdout: '{"message":"m","description":"d","error":"e","values":{"free_bytes":3}}' },
      { state: 'ok', message: 'm', description: 'd', error: 'e', values: { free_bytes: 3 } },
    ],
    ['values that are none', { stdout: '{"message":"m","values":{"a":"b"}}' }, { state: 'ok', message: 'm' }],
    ['a message that is no text', { stdout: '{"message":7}', code: 2 }, { state: 'failed', message: 'It ended with exit code 2 and said nothing.' }],
    ['a list', { stdout: '["message"]' }, { state: 'ok', message: '["message"]' }],
    ['a number', { stdout: '7' }, { state: 'ok', message: '7' }],
    ['half of JSON', { stdout: '{"message":"m' }, { state: 'ok', message: '{"message":"m' }],
    ['text on both outputs', { code: 1, stdout: 'one\n', stderr: 'two\n' }, { state: 'failed', message: 'one\ntwo', error: 'two' }],
    ['nothing', {}, { state: 'ok', message: 'It ended with exit code 0 and said nothing.' }],
    ['nothing, before a signal', { code: null, signal: 'SIGSEGV' }, { state: 'failed', message: 'It was ended by SIGSEGV and said nothing.' }],
    ['markup', { stdout: '{"message":"]]>&<"}' }, { state: 'ok', message: ']]>&<' }],
    ['a key that means something to JavaScript', { stdout: '{"__proto__":{"message":"x"},"message":"m"}' }, { state: 'ok', message: 'm' }],
  ])('%s', (_, given, expected) => {
    expect(outcomeOf(printed(given))).toEqual(expected);
  });
});

describe('a text that is kept', () => {
  it.each([
    ['NUL bytes', 'a\0b', 'a\ufffdb'],
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['line ends of Windows', 'a\r\nb\r', 'a\nb'],
    ['half of a character', 'a\ud800b', 'a\ufffdb'],
    ['other scripts, tabs and lines', 'Größe\t水\nновый 😀', 'Größe\t水\nновый 😀'],
  ])('%s', (_, text, expected) => {
    expect(cleaned(text)).toBe(expected);
  });

  it('keeps the end of one that is too long', () => {
    const long = cleaned(`first${'x'.repeat(LONGEST_MESSAGE - 4)}last`);
    expect(long).toHaveLength(LONGEST_MESSAGE + 3);
    expect(long.startsWith('...x')).toBe(true);
    expect(long.endsWith('last')).toBe(true);
    expect(cleaned('x'.repeat(LONGEST_MESSAGE))).toHaveLength(LONGEST_MESSAGE);
  });
});
