/**
 * Returns the result of some work, or what `late` returns if the work is not done in time. The work goes on.
 *
 * @param milliseconds Infinity waits for the work, however long it takes
 */
export async function within<T>(milliseconds: number, work: Promise<T>, late: () => T): Promise<T> {
  // A timer cannot wait forever: it would end at once.
  if (milliseconds === Infinity) return work;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<T>((resolve) => {
    timer = setTimeout(
      () => {
        resolve(late());
      },
      Math.max(milliseconds, 0),
    );
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
}
