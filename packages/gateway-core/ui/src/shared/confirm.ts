import { baseStyles } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says that goes on: "Remove". */
  readonly action: string;
}

/** Asks before something that cannot be taken back. */
export class ConfirmElement extends LitElement {
  static override properties = { question: { state: true } };
  declare question: Question | undefined;
  #answer: (confirmed: boolean) => void = () => undefined;

  constructor() {
    super();
    this.question = undefined;
  }

  async ask(question: Question): Promise<boolean> {
    this.question = question;
    await this.updateComplete;
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog === null) return false;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="title" aria-describedby="text" @close=${this.#onClose}>
      <form method="dialog" class="stack">
        <h2 id="title">${this.question?.title}</h2>
        <p id="text">${this.question?.text}</p>
        <div class="row">
          <button value="yes" class="danger">${this.question?.action}</button>
          <button value="" autofocus>Cancel</button>
        </div>
      </form>
    </dialog>`;
  }

  #onClose(event: Event): void {
    this.#answer((event.target as HTMLDialogElement).returnValue === "yes");
  }

  static override styles = baseStyles;
}

customElements.define("oc-confirm", ConfirmElement);
