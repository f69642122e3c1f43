/** How something is done again and again. */
export interface Repetition {
  work: () => Promise<void>;
  /** Seconds between the end of one time and the next. */
  everyS: () => number;
  isPaused: () => boolean;
  onError: (error: unknown) => void;
}

/** Does it now and again some seconds after each end, while somebody looks at the page and did not pause it. Returns a function that has it done at once. */
export function repeat({ work, everyS, isPaused, onError }: Repetition): () => void {
  let timer: number | undefined;
  let state: 'resting' | 'working' | 'wanted-again' = 'resting';
  const isWantedAgain = (): boolean => state === 'wanted-again';
  const wait = (): void => {
    timer = window.setTimeout(() => (isPaused() || document.hidden ? wait() : void run()), everyS() * 1000);
  };
  const run = async (): Promise<void> => {
    clearTimeout(timer);
    if (state !== 'resting') return void (state = 'wanted-again');
    do {
      state = 'working';
      await work().catch(onError);
    } while (isWantedAgain());
    state = 'resting';
    wait();
  };
  document.addEventListener('visibilitychange', () => !document.hidden && !isPaused() && void run());
  void run();
  return () => void run();
}
