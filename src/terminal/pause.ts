/** Waits; `onStart` is given a function that ends it sooner. */
export function pause(milliseconds: number, onStart: (stop: () => void) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  onStart(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
