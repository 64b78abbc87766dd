mock "tfplan/v2" {
  module {
    source = "mocks/fail-connection-to-nowhere-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/config.sentinel"
  }
}

mock "tfstate/v2" {
  module {
    source = "mocks/state.sentinel"
  }
}

import "module" "google" {
  source = "../../../../modules/google/google.sentinel"
}

import "module" "plan" {
  source = "../../../../modules/plan/plan.sentinel"
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

param "region_pairs" {
  value = {
    "aws-eu-west-1" = "europe-west1"
    "aws-us-east-1" = "us-east4"
  }
}

test {
  rules = {
    main = false
  }
}
