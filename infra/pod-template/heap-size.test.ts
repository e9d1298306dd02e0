import { heapMebibytes } from './heap-size.ts';

test.each([
  ['512Mi', 256],
  ['1Gi', 512],
  ['1G', 476],
])('the heap for a memory limit of %s is %d MiB', (limit, heap) => {
  expect(heapMebibytes(limit)).toBe(heap);
});
