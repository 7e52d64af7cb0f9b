import { GatewayError } from "../errors.js";

/** One call that works on a tenant. It has left the gate when every part of it has ended. */
export interface Visit {
  /** Another part of the same call begins: its handler, beside its response. */
  hold(): void;
  /** A part has ended. */
  end(): void;
}

/** What a suspended caller is told to wait, in seconds: a swap takes milliseconds, the hooks before it some more. */
const RETRY_AFTER_SECONDS = 2;

interface Slot {
  visits: number;
  suspended: boolean;
  /** Called when the last visit ends. */
  onEmpty: (() => void) | undefined;
}

/**
 * Counts the calls that are inside each tenant, so that a suspension can turn new ones away and wait for the others.
 * Visiting takes no disk and no promise: every tenant request passes here.
 */
export class TenantGate {
  readonly #slots = new Map<string, Slot>();

  /** Throws `TENANT_SUSPENDED` while the slot is suspended. The visit starts with one part. */
  enter(id: string): Visit {
    const slot = this.#slot(id);
    if (slot.suspended) {
      throw new GatewayError("TENANT_SUSPENDED", `Tenant ${id} is suspended for a moment`, {
        details: { tenant: id, retryAfterSeconds: RETRY_AFTER_SECONDS },
      });
    }
    slot.visits += 1;
    let parts = 1;
    return {
      hold: () => void (parts += 1),
      end: () => {
        parts -= 1;
        if (parts === 0) this.#leave(id, slot);
      },
    };
  }

  isSuspended(id: string): boolean {
    return this.#slots.get(id)?.suspended === true;
  }

  /**
   * Turns new visits away and waits for those inside. Throws `TENANT_BUSY`, with the slot open again, when they have
   * not left after `timeoutMs`, or when the slot is suspended already.
   */
  async suspend(id: string, timeoutMs: number): Promise<void> {
    const slot = this.#slot(id);
    if (slot.suspended) throw new GatewayError("TENANT_BUSY", `Tenant ${id} is suspended already`);
    slot.suspended = true;
    if (slot.visits === 0) return;
    const emptied = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      slot.onEmpty = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
    slot.onEmpty = undefined;
    if (emptied) return;
    const { visits } = slot;
    this.resume(id);
    throw new GatewayError(
      "TENANT_BUSY",
      `Tenant ${id} cannot be suspended: ${visits} of its calls did not end within ${timeoutMs} ms`,
      {
        details: { tenant: id },
        hint: "Try again when the tenant's long calls (uploads, streams) have ended.",
      },
    );
  }

  resume(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    slot.suspended = false;
    this.#forget(id, slot);
  }

  #slot(id: string): Slot {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = { visits: 0, suspended: false, onEmpty: undefined };
      this.#slots.set(id, slot);
    }
    return slot;
  }

  #leave(id: string, slot: Slot): void {
    slot.visits -= 1;
    if (slot.visits > 0) return;
    slot.onEmpty?.();
    this.#forget(id, slot);
  }

  #forget(id: string, slot: Slot): void {
    if (slot.visits === 0 && !slot.suspended) this.#slots.delete(id);
  }
}
