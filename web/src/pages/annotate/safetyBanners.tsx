import { type ReactNode, useState } from "react";
import type { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import { keepFocus } from "./toolbar";

const words = texts.saving;

/** The region on the table went to somebody else while it was painted. */
export function LeaseLostBanner({ page }: { page: AnnotateController }) {
  return (
    <div className="banner alert" role="alert" data-testid="lease-lost">
      <div>
        <b>{words.leaseTitle}</b>
        {words.leaseBody}
      </div>
      <button
        type="button"
        className="button small"
        onPointerDown={keepFocus}
        onClick={() => page.putAside()}
      >
        {words.putAside}
      </button>
    </div>
  );
}

/** The browser takes nothing: said at once, and as long as it is so. */
function StorageBanner() {
  const trouble = useAnnotate((state) => state.storageTrouble);
  if (!trouble) return null;
  return (
    <div className="notice warn" role="alert" data-testid="storage-trouble">
      <b>{trouble === "full" ? words.storage.fullTitle : words.storage.unavailableTitle}.</b>{" "}
      {trouble === "full" ? words.storage.full : words.storage.unavailable}
    </div>
  );
}

/** Shown in the tab that came second, until it is read. */
function SecondTabBanner() {
  const numOtherTabs = useAnnotate((state) => state.numOtherTabs);
  const isSecond = useAnnotate((state) => state.isSecondTab);
  const [isRead, setRead] = useState(false);
  if (numOtherTabs === 0 || !isSecond || isRead) return null;
  return (
    <div className="notice" role="status" data-testid="second-tab">
      <b>{words.secondTabTitle}.</b> {words.secondTab}
      <button
        type="button"
        className="button small ghost"
        onPointerDown={keepFocus}
        onClick={() => setRead(true)}
      >
        {texts.common.dismiss}
      </button>
    </div>
  );
}

/** In the corner, away from the region. */
export function SafetyNotices({ children }: { children: ReactNode }) {
  return (
    <div className="notices">
      {children}
      <StorageBanner />
      <SecondTabBanner />
    </div>
  );
}
