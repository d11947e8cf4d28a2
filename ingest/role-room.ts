/**
 * Room for `maxBytes` in flight, given out in order of asking. Who is larger than the whole room
 * goes in alone.
 */
export function createRoom(maxBytes: number) {
  let used = 0;
  const waiting: Array<{ readonly bytes: number; readonly enter: () => void }> = [];

  const fits = (bytes: number): boolean => used === 0 || used + bytes <= maxBytes;

  const admit = (): void => {
    for (let first = waiting[0]; first !== undefined && fits(first.bytes); first = waiting[0]) {
      waiting.shift();
      used += first.bytes;
      first.enter();
    }
  };

  const releaser = (bytes: number) => (): void => {
    used -= bytes;
    admit();
  };

  return {
    full: (): boolean => waiting.length > 0 || used >= maxBytes,
    /** Resolves with the function that gives the room back, to be called once. */
    enter(bytes: number): Promise<() => void> {
      return new Promise((resolve) => {
        waiting.push({ bytes, enter: () => resolve(releaser(bytes)) });
        admit();
      });
    },
  };
}
