/** A reporter of `node --test`: the paths of the files in which a test failed by itself, and not by those inside it, one a line. */
export default async function* failedFiles(events) {
  const seen = new Set();
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.details.error?.failureType === 'subtestsFailed') continue;
    const { file = 'unknown' } = data;
    if (seen.has(file)) continue;
    seen.add(file);
    yield `${file}\n`;
  }
}
