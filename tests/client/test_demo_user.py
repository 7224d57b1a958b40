"""The simulated annotator is a user like any other, and less than whoever runs the demo."""

import pytest

from segloop_client.demo_user import USERNAME, sign_in_simulated
from segloop_client.errors import ApiError
from tests.support.served import served

pytestmark = pytest.mark.slow


def test_simulated_annotator_is_a_user_of_its_own_at_each_start_anew() -> None:
    classes = [{"name": "road", "color": "#ff0000"}, {"name": "sky", "color": "#0000ff"}]
    with served() as (_, admin):
        project_id = admin.create_project("demo", classes, {"kind": "grid"})["id"]
        first = sign_in_simulated(admin, project_id)
        second = sign_in_simulated(admin, project_id)
        me = second.me()
        assert (me["username"], me["is_admin"]) == (USERNAME, False)
        assert second.find_project(project_id)["role"] == "annotator"
        assert second.next_assignment(project_id) is None
        with pytest.raises(ApiError, match="403"):
            second.start_round(project_id)
        with pytest.raises(ApiError, match="401"):
            first.me()
        assert [user["username"] for user in admin.pages("/users")].count(USERNAME) == 1
        for client in (first, second):
            client.close()
