import { LinkedList, type Linked } from './linked-list.ts';

/** What is lined up. */
export interface Ready<T> extends Linked<T> {
  priority: number;
  /** Of one priority the groups take turns. */
  readonly group: string;
  /** When it began to wait, as a number that only grows. */
  order: number;
}

/** Those of one group and one priority, the longest waiting first. */
interface Group<T extends Linked<T>> extends Linked<Group<T>> {
  readonly name: string;
  readonly items: LinkedList<T>;
}

/** Those of one priority. No group is empty; the one whose turn it is stands first. */
interface Level<T extends Linked<T>> {
  readonly priority: number;
  readonly groups: Map<string, Group<T>>;
  readonly turns: LinkedList<Group<T>>;
  size: number;
}

/** One in so many goes to a lower priority while one waits there. */
const FAIR_SHARE = 10;

/**
 * Lines by priority. The highest goes first (as in controller-runtime's priorityqueue), but an endless stream of it
 * must not starve the others: every tenth is one of the lower priorities, of that whose turn has waited the longest. Of
 * one priority the groups take turns, so that whoever has very much in one group keeps the others waiting by one at a
 * time; within a group it is first in, first out. Of priorities there are few: they are constants of the program.
 */
export class ReadyKeys<T extends Ready<T>> {
  /** The highest first; none is empty. */
  readonly #levels: Level<T>[] = [];
  #size = 0;
  /** How many went since a lower priority had its turn. */
  #passedOver = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts it at the end of the line of its priority and group. */
  push(item: T): void {
    const level = this.#levelFor(item.priority);
    this.#size++;
    level.size++;
    const group = level.groups.get(item.group);
    if (group) return group.items.push(item);
    const own: Group<T> = { name: item.group, items: new LinkedList() };
    own.items.push(item);
    level.groups.set(own.name, own);
    level.turns.push(own);
  }

  /** Takes out the one whose turn it is; then it is the turn of another group. */
  shift(): T | undefined {
    const level = this.#lowerTurn() ?? this.#levels[0];
    const group = level?.turns.head;
    const item = group?.items.head;
    if (!level || !group || !item) return undefined;
    this.remove(item);
    if (group.items.head) {
      level.turns.remove(group);
      level.turns.push(group);
    }
    return item;
  }

  /** Takes out one that is in. */
  remove(item: T): void {
    const at = this.#levels.findIndex(({ priority }) => priority === item.priority);
    const level = this.#levels[at];
    const group = level?.groups.get(item.group);
    if (!level || !group) return;
    group.items.remove(item);
    this.#size--;
    level.size--;
    if (!group.items.head) {
      level.turns.remove(group);
      level.groups.delete(group.name);
    }
    if (level.size === 0) this.#levels.splice(at, 1);
  }

  clear(): void {
    this.#levels.length = 0;
    this.#size = 0;
  }

  /** How many wait, by priority. */
  sizes(): Map<number, number> {
    return new Map(this.#levels.map(({ priority, size }) => [priority, size]));
  }

  #levelFor(priority: number): Level<T> {
    const at = this.#levels.findIndex((one) => one.priority <= priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found;
    const level: Level<T> = { priority, groups: new Map(), turns: new LinkedList(), size: 0 };
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level);
    return level;
  }

  /** Of the lower priorities the one that has waited the longest, if it is their turn. */
  #lowerTurn(): Level<T> | undefined {
    if (this.#levels.length < 2) {
      this.#passedOver = 0;
      return undefined;
    }
    this.#passedOver++;
    if (this.#passedOver < FAIR_SHARE) return undefined;
    this.#passedOver = 0;
    const waitingSince = ({ turns }: Level<T>): number => turns.head?.items.head?.order ?? Infinity;
    return this.#levels.slice(1).reduce((one, other) => (waitingSince(other) < waitingSince(one) ? other : one));
  }
}
