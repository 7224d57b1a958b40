from segloop.progress import Progress, ProgressMeter


def test_fraction_counts_cost_over_phases() -> None:
    reports: list[Progress] = []
    meter = ProgressMeter(reports.append, total_cost=40)
    meter.report("a", 1, 2, phase_cost=10, loss=0.5)
    meter.report("a", 2, 2, phase_cost=10)
    meter.finish_phase(10)
    meter.report("b", 1, 3, phase_cost=30)
    meter.report("b", 3, 3, phase_cost=30)
    assert [report.fraction for report in reports] == [0.125, 0.25, 0.5, 1.0]
    assert reports[0].loss == 0.5
    assert reports[0].eta_seconds is None
    assert all(report.eta_seconds is not None and report.eta_seconds >= 0 for report in reports[1:])
    assert reports[-1].eta_seconds == 0


def test_what_an_earlier_attempt_did_does_not_make_this_one_look_fast() -> None:
    reports: list[Progress] = []
    meter = ProgressMeter(reports.append, total_cost=100)
    meter.finish_phase(90)
    meter.report("b", 1, 10, phase_cost=10)
    assert reports[0].fraction == 0.91
    assert reports[0].eta_seconds is None
