/** A set of positions 0 to size-1 as bits: union, intersection and difference cost size/32 steps. */
export class PositionSet {
  readonly size: number;
  readonly #bits: Uint32Array;

  constructor(size: number, bits: Uint32Array = new Uint32Array((size + 31) >>> 5)) {
    this.size = size;
    this.#bits = bits;
  }

  static all(size: number): PositionSet {
    return new PositionSet(size).complement();
  }

  add(position: number): void {
    this.#bits[position >>> 5] = (this.#bits[position >>> 5] ?? 0) | (1 << (position & 31));
  }

  has(position: number): boolean {
    return ((this.#bits[position >>> 5] ?? 0) & (1 << (position & 31))) !== 0;
  }

  and(other: PositionSet): PositionSet {
    return this.#combine(other, (a, b) => a & b);
  }

  or(other: PositionSet): PositionSet {
    return this.#combine(other, (a, b) => a | b);
  }

  complement(): PositionSet {
    const bits = this.#bits.map((word) => ~word);
    const tail = this.size & 31;
    if (tail !== 0) bits[bits.length - 1] = (bits[bits.length - 1] ?? 0) & ((1 << tail) - 1);
    return new PositionSet(this.size, bits);
  }

  count(): number {
    let count = 0;
    for (const word of this.#bits) count += bitsIn(word);
    return count;
  }

  /** The positions in rising order. */
  *[Symbol.iterator](): Generator<number> {
    for (let index = 0; index < this.#bits.length; index += 1) {
      for (let word = this.#bits[index] ?? 0; word !== 0; word &= word - 1) yield index * 32 + (31 - Math.clz32(word & -word));
    }
  }

  /** Calls back for each position in rising order, without the cost of a generator. */
  forEach(callback: (position: number) => void): void {
    for (let index = 0; index < this.#bits.length; index += 1) {
      for (let word = this.#bits[index] ?? 0; word !== 0; word &= word - 1) callback(index * 32 + (31 - Math.clz32(word & -word)));
    }
  }

  /** At most `limit` positions after the first `offset`, in rising order; skips whole words by their counts. */
  slice(offset: number, limit: number): number[] {
    const taken: number[] = [];
    let skip = offset;
    for (let index = 0; index < this.#bits.length && taken.length < limit; index += 1) {
      let word = this.#bits[index] ?? 0;
      const inWord = bitsIn(word);
      if (inWord <= skip) {
        skip -= inWord;
        continue;
      }
      for (; word !== 0 && taken.length < limit; word &= word - 1) {
        if (skip > 0) skip -= 1;
        else taken.push(index * 32 + (31 - Math.clz32(word & -word)));
      }
    }
    return taken;
  }

  #combine(other: PositionSet, combine: (a: number, b: number) => number): PositionSet {
    if (other.size !== this.size) throw new RangeError('sets of different sizes');
    const bits = new Uint32Array(this.#bits.length);
    for (let index = 0; index < bits.length; index += 1) bits[index] = combine(this.#bits[index] ?? 0, other.#bits[index] ?? 0);
    return new PositionSet(this.size, bits);
  }
}

function bitsIn(word: number): number {
  let value = word - ((word >>> 1) & 0x5555_5555);
  value = (value & 0x3333_3333) + ((value >>> 2) & 0x3333_3333);
  return (((value + (value >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24;
}
