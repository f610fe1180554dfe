/**
 * A uniform sample of items that come one by one, nobody knows how many (Li 1994, algorithm L): the same items and seed
 * give the same sample, and an item that is not taken costs a comparison.
 */
import type { Random } from '../../tuning';

export class Reservoir<T> {
  readonly items: T[] = [];
  /** Items that were offered. */
  offered = 0;
  private weight = 1;
  /** Number of the next item that is taken, once the reservoir is full. */
  private next = 0;

  constructor(
    private readonly size: number,
    private readonly random: Random,
  ) {}

  offer(make: () => T): void {
    const index = this.offered++;
    if (index < this.size) {
      this.items.push(make());
      if (this.items.length === this.size) this.skip(index);
    } else if (index === this.next) {
      this.items[this.random.integer(this.size)] = make();
      this.skip(index);
    }
  }

  private skip(index: number): void {
    // 1 − uniform is never 0, whose logarithm is none.
    this.weight *= Math.exp(Math.log(1 - this.random.uniform()) / this.size);
    this.next = index + 1 + Math.floor(Math.log(1 - this.random.uniform()) / Math.log1p(-this.weight));
  }
}
