/** backoff is how long to wait before the n-th further try, n from 0: doubling from first to last, in ms. */
export function backoff(n: number, first = 500, last = 15_000): number {
  return Math.min(last, first * 2 ** Math.min(n, 20))
}
