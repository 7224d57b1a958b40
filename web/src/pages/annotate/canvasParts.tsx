import type { Desk } from "@/annotating/desk";
import type { Action } from "@/tools/actions";
import type { ActionId } from "@/tools/editorKeys";
import { MiniMap } from "./miniMap";
import { SwipeDivider } from "./swipe";
import { HeatLegend, ViewControls } from "./viewControls";
import { ViewPanel } from "./viewPanel";

/** What lies over the canvas and is about what it shows. */
export function CanvasParts({ desk, action }: { desk: Desk; action(id: ActionId): Action }) {
  return (
    <>
      <SwipeDivider desk={desk} />
      <MiniMap desk={desk} />
      <HeatLegend />
      <ViewPanel desk={desk} />
      <ViewControls action={action} />
    </>
  );
}
