"""What Airflow 2.11 and Airflow 3 call by different names. Composer cannot move an environment from one to the other in
place, so the DAGs run on both.
"""

from __future__ import annotations

from collections.abc import Sequence

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG, Asset, BaseOperator, Param, TaskGroup, Variable
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
    from airflow.timetables.assets import AssetOrTimeSchedule

    _ASSETS, VARIABLE_DEFAULT = "assets", "default"
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.exceptions import AirflowFailException, AirflowSkipException
    from airflow.models import BaseOperator, Variable
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator
    from airflow.timetables.datasets import DatasetOrTimeSchedule as AssetOrTimeSchedule
    from airflow.utils.task_group import TaskGroup

    _ASSETS, VARIABLE_DEFAULT = "datasets", "default_var"
from airflow.timetables.trigger import CronTriggerTimetable

__all__ = [
    "DAG",
    "VARIABLE_DEFAULT",
    "AirflowFailException",
    "AirflowSkipException",
    "Asset",
    "BaseOperator",
    "BashOperator",
    "Param",
    "PythonOperator",
    "TaskGroup",
    "Variable",
    "when_all_or_daily",
]


def when_all_or_daily(assets: Sequence[Asset], cron: str) -> AssetOrTimeSchedule:
    """Schedule of a DAG: once all assets were updated, and by the clock (UTC) in any case."""
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone="UTC"), **{_ASSETS: assets})
