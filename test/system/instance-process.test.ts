import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { freeLastingPort, isPortFree } from '../../src/system/instance-process.ts';

describe('a port that an instance keeps', () => {
  it('is free, and none that the system draws for others', async () => {
    const [from = 0, to = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    const ports = await Promise.all(Array.from({ length: 20 }, freeLastingPort));
    for (const port of ports) {
      expect(port < from || port > to).toBe(true);
      expect(await isPortFree(port)).toBe(true);
    }
    expect(new Set(ports).size).toBeGreaterThan(15);
  });
});
