"""Never lose: whatever happens to page, network, server or lease, each answer is stored once and in order."""

import signal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, expect
from sqlalchemy import select

from segloop.regions import grid_partition
from segloop_client.api import Client
from segloop_client.serving import Served
from segloop_store.blobs import open_blobs
from segloop_store.config import StoreSettings
from segloop_store.database import Database
from segloop_store.models import Draft
from tests.browser.conftest import PASSWORD
from tests.support.annotate_page import AnnotatePage, Box, Person
from tests.support.seeding import run_out, seed_project, seed_round
from tests.support.served import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PIXELS = [(3, 2), (4, 2), (10, 7), (0, 0)]
CHEAP_PASSWORDS = {"SEGLOOP_PASSWORD_TIME_COST": "1", "SEGLOOP_PASSWORD_MEMORY_KIB": "64"}


@dataclass(frozen=True)
class Office:
    """A server of these tests' own, which they may kill, with one project for all of them.

    Attributes:
        served: its processes: the server alone, no worker.
        client: an admin's.
        database: the server's own, to let time pass.
    """

    served: Served
    client: Client
    database: Database
    project_id: str

    def hire(self) -> Person:
        """Another annotator of the project: each test has its own, with nothing in hand."""
        name = f"person-{uuid.uuid4().hex[:8]}"
        user = self.client.json("POST", "/users", json={"username": name, "password": PASSWORD})
        path = f"/projects/{self.project_id}/members/{user['id']}"
        self.client.json("PUT", path, json={"role": "annotator"})
        return Person(self.client, self.served.options.url, self.project_id, user["id"], name, PASSWORD)


@pytest.fixture(scope="module", name="office")
def open_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("flow")
    with served(folder, environment=CHEAP_PASSWORDS, num_torch_workers=0) as (running, client):
        settings = StoreSettings(data_dir=folder)
        database = Database(settings.database_url)
        region_map = grid_partition(160, 240, 20).region_map  # one image: no two regions have the same box
        seeded = seed_project(database, open_blobs(settings), num_images=1, region_map=region_map)
        seed_round(database, seeded, num_queries=96)
        yield Office(running, client, database, str(seeded.project_id))
        database.dispose()


@pytest.fixture(name="person")
def hire_person(office: Office) -> Person:
    return office.hire()


NewBrowser = Callable[[Person], BrowserContext]


@pytest.fixture(name="new_browser_of")
def open_browsers(chromium: Browser) -> Iterator[NewBrowser]:
    """A fresh browser profile in which somebody is signed in; what the page throws fails the test."""
    contexts: list[BrowserContext] = []
    thrown: list[str] = []

    def new_browser_of(person: Person) -> BrowserContext:
        context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en")
        context.on("weberror", lambda error: thrown.append(str(error.error)))
        person.sign_in(context)
        contexts.append(context)
        return context

    yield new_browser_of
    for context in contexts:
        context.close()
    assert thrown == []


@pytest.fixture(name="browser_of_person")
def open_browser(person: Person, new_browser_of: NewBrowser) -> BrowserContext:
    return new_browser_of(person)


def assert_stored(person: Person, boxes: list[Box], classes: list[int]) -> None:
    """Each answer is stored once, in order, with the class it was given."""
    stored = person.annotations()
    assert [tuple(annotation["bbox"]) for annotation in stored] == boxes
    assert [annotation["version"] for annotation in stored] == [1] * len(boxes)
    for annotation, class_index in zip(stored, classes, strict=True):
        assert np.unique(person.label_map(annotation)).tolist() in ([class_index], [class_index, 255])


def expected_map(box: Box, rest: int, painted: int) -> np.ndarray:
    """Grid regions fill their box: `rest` everywhere but at the painted pixels."""
    label_map = np.full((box[3], box[2]), rest, dtype=np.uint8)
    for column, row in PIXELS:
        label_map[row, column] = painted
    return label_map


def test_answers_given_offline_are_counted_and_sent_once_in_order(
    person: Person, browser_of_person: BrowserContext
) -> None:
    page = person.open(browser_of_person)
    page.wait_until_warm()
    browser_of_person.set_offline(True)
    boxes = [page.answer(class_index) for class_index in range(3)]
    page.expect_offline()
    expect(page.page.get_by_test_id("num-pending")).to_have_text("3 to send")
    boxes.append(page.answer(0))
    expect(page.page.get_by_test_id("unreachable")).to_contain_text("4 answers waiting")
    assert person.annotations() == []

    browser_of_person.set_offline(False)

    page.expect_saved(4)
    assert_stored(person, boxes, [0, 1, 2, 0])
    page.box()  # and regions come again


def test_reload_in_the_middle_of_a_region_brings_back_every_pixel(
    person: Person, browser_of_person: BrowserContext
) -> None:
    page = person.open(browser_of_person)
    box = page.box()
    page.paint(2, PIXELS)
    page.page.reload()
    assert page.box() == box
    page.answer(0)
    page.expect_saved(1)
    (stored,) = person.annotations()
    np.testing.assert_array_equal(person.label_map(stored), expected_map(box, 0, 2))
    assert stored["num_strokes"] == len(PIXELS) + 1


def test_crashed_tab_is_taken_up_by_the_next(person: Person, browser_of_person: BrowserContext) -> None:
    crashed = person.open(browser_of_person)
    crashed.wait_until_warm()
    box = crashed.box()
    crashed.paint(2, PIXELS)
    crashed.page.wait_for_timeout(150)  # a crash may cost the strokes of the last tenth of a second
    crash(crashed)

    page = person.open(browser_of_person)

    assert page.box() == box
    page.answer(1)
    page.expect_saved(1)
    (stored,) = person.annotations()
    np.testing.assert_array_equal(person.label_map(stored), expected_map(box, 1, 2))
    page.wait_until_warm()
    queue = browser_of_person.request.get(f"{person.url}/api/v1/projects/{person.project_id}/queue").json()
    assert queue["mine"] == 4  # what the crashed tab had taken ahead is not held twice over


def crash(opened: AnnotatePage) -> None:
    """Crash the tab's process: no handler of the page runs."""
    with pytest.raises(Error):
        opened.page.goto("chrome://crash")
    opened.page.close()


def test_server_killed_and_started_again_loses_and_doubles_nothing(
    office: Office, person: Person, browser_of_person: BrowserContext
) -> None:
    page = person.open(browser_of_person)
    page.wait_until_warm()
    boxes = [page.answer(0)]
    server = next(one for one in office.served.supervisor.processes if one.name == "server").process
    assert server is not None
    boxes.append(page.answer(1))
    server.send_signal(signal.SIGKILL)
    last = page.box()
    page.paint(2, PIXELS)
    page.expect_offline()
    boxes.append(page.answer(1))
    page.expect_saved(3)
    boxes.append(page.answer(0))
    page.expect_saved(4)

    stored = person.annotations()
    assert [tuple(annotation["bbox"]) for annotation in stored] == boxes
    assert [annotation["version"] for annotation in stored] == [1, 1, 1, 1]
    np.testing.assert_array_equal(person.label_map(stored[2]), expected_map(last, 1, 2))


def assignment_on_the_table(page: AnnotatePage) -> dict[str, object]:
    path = f"{page.person.url}/api/v1/projects/{page.person.project_id}/assignments"
    held = page.page.request.get(path).json()["items"]
    return next(item for item in held if tuple(item["region"]["bbox"]) == page.box())


def test_lease_that_ran_out_does_no_harm_while_nobody_took_the_region(
    office: Office, person: Person, browser_of_person: BrowserContext
) -> None:
    page = person.open(browser_of_person)
    run_out(office.database, uuid.UUID(str(assignment_on_the_table(page)["id"])))
    box = page.answer(1)
    page.expect_saved(1)
    assert_stored(person, [box], [1])
    assert page.page.get_by_test_id("kept-work").count() == 0


def test_work_on_a_region_that_went_to_somebody_else_is_kept_and_can_be_taken_up(
    office: Office, person: Person, browser_of_person: BrowserContext, new_browser_of: NewBrowser
) -> None:
    page = person.open(browser_of_person)
    page.paint(2, PIXELS)
    lost = assignment_on_the_table(page)
    run_out(office.database, uuid.UUID(str(lost["id"])))
    other = office.hire()
    rival = other.open(new_browser_of(other))
    assert rival.box() == page.box()  # the best-ranked region that is free
    rival.answer(2)
    rival.expect_saved(1)

    page.answer(0)
    second = page.answer(1)

    expect(page.page.get_by_test_id("kept-work")).to_have_text("Kept work (1)")
    page.expect_saved(1)
    assert_stored(person, [second], [1])  # the refusal held nothing up
    page.page.get_by_test_id("kept-work").click()
    item = page.page.get_by_test_id("kept-item")
    expect(item).to_contain_text("Somebody else has this region or has answered it")
    item.get_by_role("button", name="Take up again").click()
    expect(page.page.get_by_test_id("lease-lost")).to_be_visible()
    assert list(page.box()) == lost["region"]["bbox"]  # type: ignore[index]
    page.page.get_by_role("button", name="Keep it and go on").click()
    page.page.get_by_test_id("kept-work").click()
    page.page.get_by_role("button", name="Discard").click()
    page.page.get_by_role("button", name="Discard for good").click()
    expect(page.page.get_by_test_id("kept-work")).to_have_count(0)
    assert page.page.request.get(f"{person.url}/api/v1/projects/{person.project_id}/drafts").json() == {
        "items": []
    }


def test_signed_out_in_the_middle_goes_on_after_signing_in(
    person: Person, browser_of_person: BrowserContext
) -> None:
    page = person.open(browser_of_person)
    page.wait_until_warm()
    browser_of_person.clear_cookies()
    first = page.answer(0)
    dialog = page.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is lost")
    page.expect_offline()
    page.page.keyboard.press("Escape")  # one may go on painting first
    second = page.answer(0)
    box = page.box()
    page.paint(2, PIXELS)
    page.page.get_by_role("button", name="Sign in").click()
    dialog.get_by_label("Password of").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and go on").click()
    expect(dialog).to_have_count(0)
    page.expect_saved(2)
    assert page.box() == box
    page.answer(1)
    page.expect_saved(3)
    stored = person.annotations()
    assert [tuple(annotation["bbox"]) for annotation in stored] == [first, second, box]
    np.testing.assert_array_equal(person.label_map(stored[2]), expected_map(box, 1, 2))


def test_second_tab_knows_works_beside_the_first_and_takes_over_what_it_leaves(
    person: Person, browser_of_person: BrowserContext
) -> None:
    first = person.open(browser_of_person)
    box = first.box()
    first.paint(2, PIXELS)
    second = person.open(browser_of_person)
    expect(second.page.get_by_test_id("second-tab")).to_be_visible()
    expect(first.page.get_by_test_id("other-tabs")).to_be_visible()
    assert second.box() != box
    second.wait_until_warm(8)
    browser_of_person.set_offline(True)
    of_second = second.answer(1)
    second.expect_offline()
    browser_of_person.set_offline(False)
    second.expect_saved(1)
    now = second.box()

    first.page.close(run_before_unload=True)

    expect(second.page.get_by_test_id("other-tabs")).to_have_count(0)
    expect(second.page.get_by_text("It comes next")).to_be_visible()
    assert second.box() == now  # nobody's region is pulled away from under the brush
    second.answer(2)
    assert second.box() == box
    second.answer(0)
    second.expect_saved(3)
    stored = person.annotations()
    assert [tuple(annotation["bbox"]) for annotation in stored] == [of_second, now, box]
    np.testing.assert_array_equal(person.label_map(stored[2]), expected_map(box, 0, 2))


def test_draft_that_only_the_server_has_is_restored_in_another_browser(
    office: Office, person: Person, new_browser_of: NewBrowser
) -> None:
    at_work = new_browser_of(person)
    page = person.open(at_work)
    box = page.box()
    page.paint(2, PIXELS)
    expect(page.page.get_by_test_id("save-state")).to_have_text("saving")
    page.expect_saved()
    at_work.close()
    let_drafts_age(office.database)

    at_home = person.open(new_browser_of(person))

    assert at_home.box() == box
    at_home.answer(1)
    at_home.expect_saved(1)
    (stored,) = person.annotations()
    np.testing.assert_array_equal(person.label_map(stored), expected_map(box, 1, 2))


def let_drafts_age(database: Database) -> None:
    """As if they had been saved before somebody went home."""
    with database.transaction() as session:
        for draft in session.scalars(select(Draft)):
            draft.updated_at -= timedelta(minutes=30)


def test_browser_without_storage_says_so_and_goes_on(
    person: Person, browser_of_person: BrowserContext
) -> None:
    browser_of_person.add_init_script(
        "indexedDB.open = () => { throw new DOMException('not for you', 'SecurityError'); };"
    )
    page = person.open(browser_of_person)
    expect(page.page.get_by_test_id("storage-trouble")).to_contain_text("does not keep your work")
    page.paint(2, PIXELS)
    page.expect_saved()  # the server has the draft
    box = page.answer(0)
    page.expect_saved(1)
    (stored,) = person.annotations()
    np.testing.assert_array_equal(person.label_map(stored), expected_map(box, 0, 2))


def test_cost_is_counted_exactly_and_the_next_region_is_there_at_once(
    person: Person, browser_of_person: BrowserContext
) -> None:
    page = person.open(browser_of_person)
    page.wait_until_warm()
    for class_index in range(3):
        page.answer(class_index)  # a digit, F and Enter
    page.page.keyboard.press("b")
    page.page.keyboard.press("Control+z")  # nothing to undo: a key press all the same
    page.page.get_by_test_id("class-2").click()
    x, y, width, height = page.box()
    page.click_pixel(x + width // 2, y + height // 2)
    page.page.keyboard.press("Control+z")
    page.page.get_by_test_id("tool-fill").click()
    page.page.get_by_test_id("submit").click()
    page.expect_saved(4)

    costs = [
        (stored["num_clicks"], stored["num_strokes"], stored["num_keys"]) for stored in person.annotations()
    ]
    assert costs == [(0, 1, 3), (0, 1, 3), (0, 1, 3), (4, 2, 3)]
    measures = page.page.evaluate(
        "performance.getEntriesByName('segloop:enter-to-painted').map(m => [m.detail.isWarm, m.duration])"
    )
    assert [is_warm for is_warm, _ in measures] == [True] * 4
    assert all(0 < milliseconds < 2_000 for _, milliseconds in measures)
