/** The token that the page works with. It is kept for the tab only: another tab, and another day, ask for it again. */
import { Api, ApiError, type ApiOptions, type Viewer } from "@openclaw/ui-kit";

const KEY = "openclaw-token";

export interface Session {
  readonly token: string;
  readonly viewer: Viewer;
  readonly panels: readonly Panel[];
}

/** A page that a plugin brings; see `GET /api/admin/ui/panels`. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly element: string;
  readonly url: string;
}

export function keptToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

/** Finds out whose token it is. Rejects with an `ApiError`; of nobody's, with status 401. */
export async function openSession(
  token: string,
  options: Omit<ApiOptions, "token" | "onRefused">,
): Promise<Session> {
  const api = new Api({ token, ...options });
  const scopes = token.startsWith("tk_") ? [asTenant, asAdmin] : [asAdmin, asTenant];
  let refusal: unknown;
  for (const scope of scopes) {
    try {
      return { token, ...(await scope(api)) };
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

async function asAdmin(api: Api): Promise<Omit<Session, "token">> {
  const { panels } = await api.get<{ panels: Panel[] }>("/api/admin/ui/panels");
  return { viewer: { kind: "admin" }, panels };
}

async function asTenant(api: Api): Promise<Omit<Session, "token">> {
  const { tenant: id } = await api.get<{ tenant: string }>("/api/tenant/whoami");
  const { panels } = await api.get<{ panels: Panel[] }>("/api/tenant/ui/panels");
  return { viewer: { kind: "tenant", id }, panels };
}
