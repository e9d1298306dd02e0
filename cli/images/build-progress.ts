/** Instructions that are steps of a build: BuildKit does not count the others. */
const step = /^(?:FROM|RUN|COPY|ADD|WORKDIR)\s/gm;
/** How BuildKit, and Docker's and podman's own builders, announce a step. */
const announced = /^(?:#(\d+) \[(?:.* )?\d+\/\d+\]|(?:\[\d+\/\d+\] )?(?:STEP|Step) (\d+)\/\d+)/;
const ended = /^#(\d+) (?:DONE|CACHED)/;

/**
 * Returns a function that reads from the lines of a build how much of it is done. Steps that no stage needs are
 * skipped, so the build may end before the share is 1.
 */
export function buildProgress(dockerfile: string): (line: string) => number | undefined {
  const total = dockerfile.match(step)?.length ?? 0;
  const begun = new Set<string>();
  let done = 0;
  return (line) => {
    const [, id, number] = announced.exec(line) ?? [];
    if (id !== undefined) begun.add(id);
    else if (number !== undefined) done++;
    else if (begun.delete(ended.exec(line)?.[1] ?? '')) done++;
    else return undefined;
    return total === 0 ? undefined : done / total;
  };
}
