"""Faults that are known and not mended yet, by the test that shows them; who mends one takes its line away."""

from pathlib import Path

import pytest

OPEN_FAULTS = {
    "test_broken_data_never_retrains": "a single word in `when.broken_data` is read as its letters: alert becomes note",
    "test_row_is_encoded_the_same_alone_and_among_others[linear]": "an all-missing category column stays None, not nan",
    "test_category_of_whole_numbers_reads_the_same_when_another_row_is_missing": "1 is read as '1.0' beside a null",
    "test_hash_split_reads_a_key_the_same_when_another_row_has_none": "1 is hashed as '1.0' beside a null",
    "test_hash_split_reads_a_day_the_same_when_another_row_has_a_time_of_day": "text of a time depends on other rows",
    "test_seen_rows_are_known_again_when_the_label_is_not_there_yet": "without a key the label is part of the hash",
    "test_seen_rows_can_be_told_when_the_time_has_got_a_zone": "TypeError",
    "test_class_that_is_in_no_training_row_is_a_fault_that_a_trial_records[logistic_regression]": "IndexError",
    "test_class_that_is_in_no_training_row_is_a_fault_that_a_trial_records[random_forest]": "IndexError",
    "test_candidate_of_one_class_is_a_fault_that_a_trial_records": "IndexError",
    "test_metric_that_is_undefined_on_the_validation_rows_is_a_training_error": "Optuna refuses nan with a ValueError",
    "test_search_without_a_family_is_told": "ValueError of Optuna",
    "test_families_that_cannot_predict_the_problem_are_refused": "no family is left, and the search crashes",
    "test_infinite_numbers_can_be_encoded[linear]": "ValueError of scikit-learn",
    "test_rows_as_production_sends_them_get_a_probability[logistic_regression-{'age': inf}]": "ValueError",
    "test_rows_as_production_sends_them_get_a_probability[random_forest-{'age': inf}]": "ValueError",
    "test_text_in_a_column_of_numbers_is_rejected_data": "ValueError",
    "test_feature_that_is_not_there_is_missing_data": "KeyError",
    "test_column_that_no_encoder_reads_is_no_feature[dictionary]": "TypeError: unhashable",
    "test_column_that_no_encoder_reads_is_no_feature[list]": "TypeError: unhashable",
    "test_column_of_decimals_is_a_number": "left out in silence, or read as a category",
    "test_column_whose_name_is_a_number_can_be_a_feature": "KeyError",
    "test_excluded_column_is_known_by_its_text_when_its_name_is_a_number": "an excluded column becomes a feature",
    "test_row_without_a_time_does_not_empty_a_window_of_a_span": "NaT is taken for the newest time",
    "test_row_without_a_time_is_not_the_newest": "NaT is taken for the newest time",
    "test_time_column_that_is_not_there_is_told": "KeyError",
    "test_date_cuts_a_table_in_a_time_zone": "TypeError",
    "test_positive_value_keeps_its_type[True]": "true becomes 1",
    "test_classes_are_told_as_the_column_holds_them": "the positive class is told as 1, the other as False",
    "test_column_that_poses_no_such_problem_is_refused[[1.0, 2.0, inf]-regression-None-inf]": "passes",
    "test_column_that_poses_no_such_problem_is_refused[[[1], [2]]-None-None-target]": "TypeError: unhashable",
    "test_performance_below_the_minimum_is_never_passed_over_in_silence": "counts only together with decay",
    "test_unique_column_that_is_not_there_is_told": "the rule is skipped",
    "test_column_of_its_type_keeps_the_contract[float-[Decimal('1.5'), Decimal('2.5')]]": "no number to the contract",
    "test_column_of_its_type_keeps_the_contract[float-[None, None]]": "an empty column has the type object",
    "test_column_of_its_type_keeps_the_contract[int-[None, None]]": "an empty column has the type object",
    "test_column_of_its_type_keeps_the_contract[datetime-[None, None]]": "an empty column has the type object",
    "test_span_is_the_same_after_writing_and_reading": "more than 6 digits are written as 1.23457e+06s",
    "test_odd_span_survives_spelling_out_the_problem": "more than 6 digits are written as 1.23457e+06s",
    "test_span_too_long_for_any_clock_is_refused": "OverflowError",
    "test_every_field_of_the_root_has_a_description": "nine of them have none",
    "test_wrong_word_is_told_by_path_value_and_nearest_word"
    "[monitor: {when: {broken_data: alrt}}-monitor.when.broken_data-'alrt'-alert]": "the tuple branch answers first",
    "test_yaml_that_cannot_be_built_is_refused[name: 2026-13-45]": "ValueError of PyYAML",
    "test_key_that_is_given_twice_is_refused": "the last one wins in silence",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        reason = OPEN_FAULTS.get(item.name) or OPEN_FAULTS.get(item.name.split("[")[0])
        if reason and Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
