import { parseMemory } from './pod-memory.ts';

test('the memory of a replica is read from its metrics, with or without labels', () => {
  const help = '# TYPE process_resident_memory_bytes gauge\n';
  expect(parseMemory(`${help}process_resident_memory_bytes 81920000\n`)).toBe(81_920_000);
  expect(parseMemory(`${help}process_resident_memory_bytes{pod="a"} 1.5e+07\n`)).toBe(15_000_000);
  expect(parseMemory('process_cpu_seconds_total 3\n')).toBeUndefined();
});
