import { describe, expect, it } from 'vitest';
import { isKnownUnit, unitOf, writeValue } from '../../../src/console/page/units.ts';

describe('a value', () => {
  it.each([
    [0, 'short', '0'],
    [999.9, 'short', '1000'],
    [1234, 'short', '1.23 k'],
    [-2_500_000, 'short', '-2.5 M'],
    [0.00002, 'short', '2.0e-5'],
    [83.456, 'percent', '83.5 %'],
    [0.5, 'percentunit', '50 %'],
    [1024, 'bytes', '1 KiB'],
    [1000, 'decbytes', '1 kB'],
    [1.5e9, 'Bps', '1.5 GB/s'],
    [2 ** 40, 'bytes', '1 TiB'],
    [0.0042, 's', '4.2 ms'],
    [0.0000042, 's', '4.2 µs'],
    [1500, 'ms', '1.5 s'],
    [7200, 's', '2 h'],
    [172_800, 's', '2 d'],
    [21.5, 'celsius', '21.5 °C'],
    [3, 'parsecs', '3 parsecs'],
    [3, 'suffix: jobs', '3  jobs'],
    [3, '', '3'],
    [null, 'short', '–'],
    [Number.NaN, 'short', '–'],
    [3, '__proto__', '3 __proto__'],
    [3, 'constructor', '3 constructor'],
  ])('%s in %j is %j', (value, unit, text) => expect(writeValue(value, unit)).toBe(text));

  it('has the decimals that are asked for', () => expect(writeValue(1234.5678, 'none', 1)).toBe('1234.6'));

  it.each([
    [['collectd.h.memory.memory.used'], 'decbytes'],
    [['collectd.h.interface.eth0.if_octets.rx', 'collectd.h.disk.vda.disk_octets.read'], 'Bps'],
    [['collectd.h.df.root.percent_bytes.used'], 'percent'],
    [['a.b', 'collectd.h.memory.memory.used'], 'short'],
    [[], 'short'],
  ])('gets its unit from the names %j', (names, unit) => expect(unitOf(names)).toBe(unit));

  it('may have a unit that is not known', () => expect([isKnownUnit('bytes'), isKnownUnit('parsecs'), isKnownUnit('toString')]).toEqual([true, false, false]));
});
